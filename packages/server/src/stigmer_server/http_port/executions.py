"""Routes of executions."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    SendSignalRequest,
    WorkflowExecution,
)
from stigmer_proto_json import StructError, struct_from_json

from stigmer_server.access import Caller, Role
from stigmer_server.application import Application
from stigmer_server.executions.queries import wanted_tags
from stigmer_server.http_port.bodies import Bodies, object_member, text_member
from stigmer_server.http_port.callers import Callers
from stigmer_server.http_port.protojson import to_protojson
from stigmer_server.http_port.queries import paging, sequence_after, text
from stigmer_server.http_port.sse import event_stream
from stigmer_server.http_port.start_request import execution_of, name_creation, repeated
from stigmer_server.http_port.status_view import status_name, status_view
from stigmer_server.http_port.stopping import Stopping
from stigmer_server.reduction import is_terminal
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.pages import total_pages
from stigmer_server.store.executions import ExecutionFilter, StoredExecution, page_of_executions

FRESH: Final = {"cache-control": "no-store"}
_PATH: Final = "/api/v1/executions"
_READER: Final = Caller(name="http", role=Role.CLIENT)
_PHASES: Final = {status_name(phase): phase for phase in ExecutionPhase if phase}
_REASON: Final = frozenset({"reason"})
_SIGNAL: Final = frozenset({"name", "payload", "idempotency_key"})


class ExecutionRoutes:
    """Handlers of everything under `/api/v1/executions`."""

    def __init__(self, core: Application, callers: Callers, bodies: Bodies, stopping: Stopping) -> None:
        self._core = core
        self._callers = callers
        self._bodies = bodies
        self._stopping = stopping

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        # Ids of sub-workflows hold slashes, so what stands behind the id is looked for first.
        one = f"{_PATH}/{{id:path}}"
        return [
            Route(_PATH, self.list, methods=["GET"]),
            Route(_PATH, self.create, methods=["POST"]),
            Route(f"{one}/resource", self.resource, methods=["GET"]),
            Route(f"{one}/events", self.events, methods=["GET"]),
            Route(f"{one}/cancel", self.cancel, methods=["POST"]),
            Route(f"{one}/terminate", self.terminate, methods=["POST"]),
            Route(f"{one}/pause", self.pause, methods=["POST"]),
            Route(f"{one}/resume", self.resume, methods=["POST"]),
            Route(f"{one}/signal", self.signal, methods=["POST"]),
            Route(f"{one}/rerun", self.rerun, methods=["POST"]),
            Route(one, self.status, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """A page of executions, the last created first, without their tasks and outputs."""
        await self._callers.reader(request)
        page = paging(request)
        chosen = ExecutionFilter(
            phase=_phase(request),
            tags=wanted_tags([tag for tag in request.query_params.getlist("tag") if tag]),
            of=text(request, "workflow"),
            text=text(request, "text"),
        )
        found, total = await self._core.database.read(
            lambda connection: page_of_executions(connection, chosen, page=page.page, size=page.size)
        )
        entries = [_entry(stored) for stored in found]
        body = {"total": total, "total_pages": total_pages(total, page.size), "page": page.page, "entries": entries}
        return JSONResponse(body, headers=FRESH)

    async def create(self, request: Request) -> Response:
        """Start a run."""
        caller = await self._callers.writer(request)
        execution = execution_of(await self._bodies.json_object(request))
        name_creation(execution, request.headers.get("idempotency-key"))
        return await self._created(await self._core.executions.create(execution, caller))

    async def rerun(self, request: Request) -> Response:
        """Start a new run like this one. Its secrets are copied within the server; the caller does not see them."""
        caller = await self._callers.writer(request)
        await self._bodies.json_object(request, known=frozenset())
        reader = Caller(name=caller.name, role=Role.RUNNER)
        before = await self._core.executions.get(request.path_params["id"], reader)
        execution = repeated(before)
        name_creation(execution, request.headers.get("idempotency-key"))
        return await self._created(await self._core.executions.create(execution, caller))

    async def status(self, request: Request) -> Response:
        """The status URL."""
        await self._callers.reader(request)
        return await self._status(request.path_params["id"])

    async def resource(self, request: Request) -> Response:
        """The execution as the contract's resource, values of secrets left empty."""
        await self._callers.reader(request)
        stored = await self._core.broadcast.current(request.path_params["id"])
        return JSONResponse(to_protojson(stored.execution), headers=FRESH)

    async def delete(self, request: Request) -> Response:
        """Remove an execution; one that runs is stopped."""
        caller = await self._callers.writer(request)
        await self._core.executions.delete(request.path_params["id"], caller)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def events(self, request: Request) -> Response:
        """The events as they come, behind `Last-Event-ID`."""
        await self._callers.reader(request)
        execution_id = request.path_params["id"]
        after = sequence_after(request.headers.get("last-event-id"), request.query_params.get("after"))
        stored = await self._core.broadcast.current(execution_id)
        if is_terminal(stored.phase) and after >= stored.last_sequence:
            # Tells an EventSource that reconnects after the end to stop (WHATWG HTML, section 9.2.1).
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=FRESH)
        stream = event_stream(self._core.broadcast.follow_events(execution_id, after=after), self._stopping)
        return StreamingResponse(stream, media_type="text/event-stream", headers={**FRESH, "x-accel-buffering": "no"})

    async def cancel(self, request: Request) -> Response:
        """Stop a run; it may take a while until it has stopped."""
        execution_id, reason = await self._ordered(request)
        await self._core.executions.cancel(execution_id, reason)
        return await self._status(execution_id, HTTPStatus.ACCEPTED)

    async def terminate(self, request: Request) -> Response:
        """End a run at once."""
        execution_id, reason = await self._ordered(request)
        await self._core.executions.terminate(execution_id, reason)
        return await self._status(execution_id, HTTPStatus.ACCEPTED)

    async def pause(self, request: Request) -> Response:
        """Hold a run before its next task."""
        execution_id, reason = await self._ordered(request)
        await self._core.executions.pause(execution_id, reason)
        return await self._status(execution_id, HTTPStatus.ACCEPTED)

    async def resume(self, request: Request) -> Response:
        """Go on with a paused run."""
        execution_id, _ = await self._ordered(request)
        await self._core.executions.resume(execution_id)
        return await self._status(execution_id, HTTPStatus.ACCEPTED)

    async def signal(self, request: Request) -> Response:
        """Hand a signal to a run."""
        await self._callers.writer(request)
        body = await self._bodies.json_object(request, known=_SIGNAL)
        try:
            payload = struct_from_json(object_member(body, "payload") or {}, max_depth=32)
        except StructError as error:
            raise Refused(Reason.INVALID_REQUEST, f"payload: {error}", field="payload") from None
        execution_id = request.path_params["id"]
        await self._core.executions.signal(
            SendSignalRequest(
                execution_id=execution_id,
                signal_name=text_member(body, "name"),
                payload=payload,
                idempotency_key=text_member(body, "idempotency_key"),
            )
        )
        return await self._status(execution_id, HTTPStatus.ACCEPTED)

    async def _ordered(self, request: Request) -> tuple[str, str]:
        await self._callers.writer(request)
        body = await self._bodies.json_object(request, known=_REASON)
        return request.path_params["id"], text_member(body, "reason")

    async def _created(self, execution: WorkflowExecution) -> Response:
        assert execution.metadata is not None
        location = f"{_PATH}/{execution.metadata.id}"
        return await self._status(execution.metadata.id, HTTPStatus.CREATED, {"location": location})

    async def _status(
        self, execution_id: str, code: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> Response:
        stored = await self._core.broadcast.current(execution_id)
        last = await self._core.broadcast.events_after(execution_id, stored.last_sequence - 1, limit=1)
        view = status_view(stored, last=last[0] if last else None, top_level_tasks=await self._top_level_tasks(stored))
        return JSONResponse(view, status_code=code, headers={**FRESH, **(headers or {})})

    async def _top_level_tasks(self, stored: StoredExecution) -> int:
        workflow_id = stored.execution.spec.workflow_id if stored.execution.spec else ""
        try:
            workflow = await self._core.workflows.get(workflow_id, _READER)
        except Refused:
            return 0
        return len(workflow.spec.tasks) if workflow.spec else 0


def _phase(request: Request) -> ExecutionPhase:
    given = text(request, "phase")
    if not given:
        return ExecutionPhase.EXECUTION_PHASE_UNSPECIFIED
    if given not in _PHASES:
        raise Refused(Reason.INVALID_REQUEST, f"phase must be one of {', '.join(_PHASES)}", field="phase")
    return _PHASES[given]


def _entry(stored: StoredExecution) -> JsonObject:
    """An execution in a list."""
    view = status_view(stored, last=None, top_level_tasks=0)
    left_out = ("tasks", "input", "output", "progress", "message", "error", "updated_at")
    return {
        **{key: value for key, value in view.items() if key not in left_out},
        "error": stored.status.error or None,
        "task_count": len(stored.status.tasks),
    }
