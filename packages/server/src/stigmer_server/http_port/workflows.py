"""Routes of workflows."""

import asyncio
from http import HTTPStatus
from typing import Final

from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

from stigmer_server.access import Caller, Role
from stigmer_server.application import Application
from stigmer_server.http_port.bodies import YAML_TYPES, Bodies, media_type, parse_json
from stigmer_server.http_port.callers import Callers
from stigmer_server.http_port.documents import (
    ReadDocument,
    document_text,
    read_document,
    task_lines,
)
from stigmer_server.http_port.executions import FRESH
from stigmer_server.http_port.graphs import graph_data, graph_svg
from stigmer_server.http_port.problems import problem_json
from stigmer_server.http_port.protojson import from_protojson, to_protojson
from stigmer_server.http_port.queries import paging, text
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.input_schema import INPUT_SCHEMA_ANNOTATION, input_schema
from stigmer_server.resources.pages import total_pages
from stigmer_server.resources.workflows import WORKFLOW
from stigmer_server.store.resources import page_of_resources

READER: Final = Caller(name="http", role=Role.CLIENT)
"""As whom this port reads: nobody sees values of secrets here, not even a runner."""
_PATH: Final = "/api/v1/workflows"


class WorkflowRoutes:
    """Handlers of everything under `/api/v1/workflows`, and of `/api/v1/validation`."""

    def __init__(self, core: Application, callers: Callers, bodies: Bodies) -> None:
        self._core = core
        self._callers = callers
        self._bodies = bodies

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        one = f"{_PATH}/{{id}}"
        return [
            Route(_PATH, self.list, methods=["GET"]),
            Route(_PATH, self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.update, methods=["PUT"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/document", self.document, methods=["GET"]),
            Route(f"{one}/graph", self.graph, methods=["GET"]),
            Route("/api/v1/validation", self.validate, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """A page of workflows, the last created first, without their tasks."""
        await self._callers.reader(request)
        page, wanted = paging(request), text(request, "text")

        def work(connection: Connection) -> tuple[list[Workflow], int]:
            bodies, total = page_of_resources(
                connection, int(WORKFLOW.kind), page=page.page, size=page.size, text=wanted
            )
            collection = self._core.workflows.collection
            return [collection.shown(connection, WORKFLOW.parse(body), READER) for body in bodies], total

        found, total = await self._core.database.read(work)
        body = {
            "total": total,
            "total_pages": total_pages(total, page.size),
            "page": page.page,
            "entries": [_entry(workflow) for workflow in found],
        }
        return JSONResponse(body, headers=FRESH)

    async def get(self, request: Request) -> Response:
        """The workflow as the contract's resource, values of secrets left empty, and its input schema."""
        await self._callers.reader(request)
        return JSONResponse(_shown(await self._workflow(request)), headers=FRESH)

    async def create(self, request: Request) -> Response:
        """Register a workflow: a document in YAML, or the contract's resource in JSON."""
        caller = await self._callers.writer(request)
        stored = await self._stored(request, caller, workflow_id="")
        assert stored.metadata is not None
        headers = {**FRESH, "location": f"{_PATH}/{stored.metadata.id}"}
        return JSONResponse(_shown(stored), status_code=HTTPStatus.CREATED, headers=headers)

    async def update(self, request: Request) -> Response:
        """Replace a workflow; executions that run keep theirs."""
        caller = await self._callers.writer(request)
        stored = await self._stored(request, caller, workflow_id=request.path_params["id"])
        return JSONResponse(_shown(stored), headers=FRESH)

    async def delete(self, request: Request) -> Response:
        """Remove a workflow that nothing uses."""
        caller = await self._callers.writer(request)
        await self._core.workflows.delete(request.path_params["id"], caller)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def document(self, request: Request) -> Response:
        """The document as YAML; with `format=json` also the line of each task."""
        await self._callers.reader(request)
        workflow = await self._workflow(request)
        written = await asyncio.to_thread(document_text, workflow)
        if _format(request, "yaml", "json") == "yaml":
            return Response(written, media_type="application/yaml; charset=utf-8", headers=FRESH)
        lines = await asyncio.to_thread(task_lines, written)
        return JSONResponse({"yaml": written, "lines": lines}, headers=FRESH)

    async def graph(self, request: Request) -> Response:
        """The control flow as SVG, or as data with `format=json`."""
        await self._callers.reader(request)
        workflow = await self._workflow(request)
        written = await asyncio.to_thread(document_text, workflow)
        if _format(request, "svg", "json") == "json":
            return JSONResponse(await asyncio.to_thread(graph_data, written), headers=FRESH)
        # The picture's own style sheet is the only thing in it that needs leave.
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        headers = {**FRESH, "content-security-policy": policy}
        return Response(await asyncio.to_thread(graph_svg, written), media_type="image/svg+xml", headers=headers)

    async def validate(self, request: Request) -> Response:
        """All problems of a document that is not stored; 200 whether it has some or not."""
        await self._callers.writer(request)
        try:
            read = await self._read(request)
            validation = await self._checked(read)
        except Refused as refused:
            if refused.reason is not Reason.INVALID_SPEC:
                raise
            return JSONResponse({"valid": False, "problems": _listed(refused.problems)}, headers=FRESH)
        return JSONResponse({"valid": True, "problems": _listed(validation)}, headers=FRESH)

    async def _workflow(self, request: Request) -> Workflow:
        return await self._core.workflows.get(request.path_params["id"], READER)

    async def _read(self, request: Request) -> ReadDocument:
        data = await self._bodies.data(request)
        return await asyncio.to_thread(read_document, data)

    async def _checked(self, read: ReadDocument) -> tuple[ValidationProblem, ...]:
        """The warnings about a document that can run. Raises Refused with the places in the author's text."""
        try:
            await self._core.workflows.check(read.workflow.spec)
        except Refused as refused:
            raise read.located(refused) from None
        return read.warnings

    async def _stored(self, request: Request, caller: Caller, *, workflow_id: str) -> Workflow:
        kind = media_type(request)
        if kind in YAML_TYPES:
            read = await self._read(request)
            assert read.workflow.metadata is not None
            if workflow_id:
                await self._keep(read.workflow, workflow_id)
            try:
                return await self._put(read.workflow, caller, workflow_id)
            except Refused as refused:
                raise read.located(refused) from None
        if kind != "application/json":
            raise Refused(
                Reason.INVALID_REQUEST, "the body must be application/yaml or application/json", field="content-type"
            )
        value = parse_json(await self._bodies.data(request))
        if not isinstance(value, dict):
            raise Refused(Reason.INVALID_REQUEST, "the body must be a JSON object")
        workflow = from_protojson(Workflow, value)
        return await self._put(workflow, caller, workflow_id)

    async def _put(self, workflow: Workflow, caller: Caller, workflow_id: str) -> Workflow:
        if not workflow_id:
            return await self._core.workflows.create(workflow, caller)
        if workflow.metadata is None:
            raise Refused(Reason.INVALID_REQUEST, "metadata is missing", field="metadata")
        workflow.metadata.id = workflow_id
        return await self._core.workflows.update(workflow, caller)

    async def _keep(self, workflow: Workflow, workflow_id: str) -> None:
        """A document says nothing of labels, tags and owner: they stay."""
        stored = (await self._core.workflows.get(workflow_id, READER)).metadata
        metadata = workflow.metadata
        assert stored is not None
        assert metadata is not None
        kept = {name: value for name, value in stored.annotations.items() if name != INPUT_SCHEMA_ANNOTATION}
        metadata.annotations.update(kept)
        metadata.labels, metadata.tags = dict(stored.labels), list(stored.tags)
        metadata.org, metadata.owner_scope, metadata.slug = stored.org, stored.owner_scope, stored.slug


def _shown(workflow: Workflow) -> JsonObject:
    """The resource, and the JSON Schema of its input as `input_schema` (null when it has none)."""
    return {**to_protojson(workflow), "input_schema": input_schema(workflow)}


def _entry(workflow: Workflow) -> JsonObject:
    """A workflow in a list."""
    shown = to_protojson(workflow)
    spec = shown.get("spec", {})
    status = {key: value for key, value in shown.get("status", {}).items() if key != "serverlessWorkflowValidation"}
    kept = {key: value for key, value in spec.items() if key not in ("tasks", "envSpec")}
    return {**shown, "spec": kept, "status": status, "task_count": len(spec.get("tasks", []))}


def _listed(problems: tuple[ValidationProblem, ...]) -> list[JsonObject]:
    return [problem_json(problem) for problem in problems]


def _format(request: Request, *known: str) -> str:
    given = text(request, "format") or known[0]
    if given not in known:
        raise Refused(Reason.INVALID_REQUEST, f"format must be {' or '.join(known)}", field="format")
    return given
