"""Progress events to lifecycle CloudEvents (dsl.md 1.12; specification section 'Lifecycle events')."""

from collections.abc import Iterable, Iterator
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.document import Document

from stigmer_engine.events import EventError, EventType, ProgressEvent, Status
from stigmer_engine.interpreter.scope import iso8601
from stigmer_engine.lifecycle_events.places import is_listen

_BASE: Final = "io.serverlessworkflow"
_WORKFLOW: Final = {
    EventType.WORKFLOW_STARTED: ("started", "running"),
    EventType.WORKFLOW_PAUSED: ("suspended", "suspended"),
    EventType.WORKFLOW_RESUMED: ("resumed", "running"),
    EventType.WORKFLOW_CANCELLED: ("cancelled", "cancelled"),
    EventType.WORKFLOW_FAILED: ("faulted", "faulted"),
    EventType.WORKFLOW_COMPLETED: ("completed", "completed"),
}


class LifecycleTranslation:
    """Translates the log of one execution, event by event, in order.

    A task that is skipped has no life, so there is no event about it. Its creation and its start are one moment here.
    A task is suspended and resumed with its workflow. An awaited event is a correlation: `correlation-started` and
    `correlation-completed` stand around every `listen`.

    Args:
        raw: the document as JSON.
        output_base: see `LifecycleConfig`.
        open_tasks: `open_tasks` of the translation that this one goes on from.
    """

    def __init__(
        self,
        document: Document,
        raw: JsonObject,
        *,
        status_changes: bool = False,
        output_base: str = "",
        open_tasks: Iterable[str] = (),
    ) -> None:
        self._document = document
        self._raw = raw
        self._status_changes = status_changes
        self._output_base = output_base.rstrip("/")
        self._open: dict[str, None] = dict.fromkeys(open_tasks)
        self._correlating = sum(is_listen(raw, reference) for reference in self._open)

    @property
    def open_tasks(self) -> tuple[str, ...]:
        """References of the tasks that have started and not ended, in the order of their start."""
        return tuple(self._open)

    def translate(self, event: ProgressEvent) -> list[JsonObject]:
        """The lifecycle events that one progress event stands for; often none, sometimes several."""
        happenings = list(self._task(event) if event.task_reference else self._workflow(event))
        return [
            {
                "specversion": "1.0",
                "id": f"{event.workflow_execution_id}/lifecycle/{event.sequence_number}/{index}",
                "source": f"/{self._document.namespace}/{self._document.name}/{self._document.version}",
                "type": f"{_BASE}.{kind}.v1",
                "subject": event.workflow_execution_id,
                "time": _time(event),
                "datacontenttype": "application/json",
                "data": data,
            }
            for index, (kind, data) in enumerate(happenings)
        ]

    # --- the workflow -------------------------------------------------------------------------------------------

    def _workflow(self, event: ProgressEvent) -> Iterator[tuple[str, JsonObject]]:
        verb, phase = _WORKFLOW.get(event.event_type, ("", ""))
        if not verb:
            return
        data: JsonObject = {"name": self._name(event)}
        if verb == "started":
            document = self._document
            data["definition"] = {
                "name": document.name,
                "namespace": document.namespace,
                "version": document.version,
            }
        data[f"{verb}At"] = _time(event)
        if verb == "faulted":
            data["error"] = _error(event.error)
        if verb == "completed":
            data.update(self._output_uri(event))
        if verb == "suspended":
            yield from self._open_tasks(event, "suspended", "suspended")
        yield f"workflow.{verb}", data
        yield from self._workflow_status(event, phase)
        if verb == "resumed":
            yield from self._open_tasks(event, "resumed", "running")

    def _workflow_status(self, event: ProgressEvent, phase: str) -> Iterator[tuple[str, JsonObject]]:
        if self._status_changes:
            data: JsonObject = {"name": self._name(event), "updatedAt": _time(event), "status": phase}
            yield "workflow.status-changed", data

    def _open_tasks(self, event: ProgressEvent, verb: str, phase: str) -> Iterator[tuple[str, JsonObject]]:
        for reference in self._open:
            yield f"task.{verb}", self._about_task(event, reference, f"{verb}At")
            yield from self._task_status(event, reference, phase)

    # --- its tasks ----------------------------------------------------------------------------------------------

    def _task(self, event: ProgressEvent) -> Iterator[tuple[str, JsonObject]]:
        reference = event.task_reference
        match event.event_type:
            case EventType.TASK_STARTED:
                self._open[reference] = None
                yield "task.created", self._about_task(event, reference, "createdAt")
                yield from self._task_status(event, reference, "pending")
                yield "task.started", self._about_task(event, reference, "startedAt")
                yield from self._task_status(event, reference, "running")
                if is_listen(self._raw, reference):
                    yield from self._correlation_started(event)
            case EventType.TASK_RETRY:
                yield "task.retried", self._about_task(event, reference, "retriedAt")
                yield from self._task_status(event, reference, "running")
            case EventType.TASK_COMPLETED | EventType.TASK_FAILED:
                yield from self._task_ended(event)
            case _:
                return

    def _task_ended(self, event: ProgressEvent) -> Iterator[tuple[str, JsonObject]]:
        reference = event.task_reference
        was_open = reference in self._open
        self._open.pop(reference, None)
        completed = event.event_type is EventType.TASK_COMPLETED
        if was_open and is_listen(self._raw, reference):
            yield from self._correlation_ended(event, completed=completed)
        if completed:
            data = self._about_task(event, reference, "completedAt")
            yield "task.completed", {**data, **self._output_uri(event)}
            yield from self._task_status(event, reference, "completed")
        elif event.status is Status.CANCELLED:
            yield "task.cancelled", self._about_task(event, reference, "cancelledAt")
            yield from self._task_status(event, reference, "cancelled")
        else:
            data = self._about_task(event, reference, "faultedAt")
            yield "task.faulted", {**data, "error": _error(event.error)}
            yield from self._task_status(event, reference, "faulted")

    def _task_status(self, event: ProgressEvent, reference: str, phase: str) -> Iterator[tuple[str, JsonObject]]:
        if self._status_changes:
            data = self._about_task(event, reference, "updatedAt")
            yield "task.status-changed", {**data, "status": phase}

    def _correlation_started(self, event: ProgressEvent) -> Iterator[tuple[str, JsonObject]]:
        self._correlating += 1
        yield "workflow.correlation-started", {"name": self._name(event), "startedAt": _time(event)}
        if self._correlating == 1:
            yield from self._workflow_status(event, "waiting")

    def _correlation_ended(self, event: ProgressEvent, *, completed: bool) -> Iterator[tuple[str, JsonObject]]:
        self._correlating -= 1
        if completed:
            keys: JsonValue = (event.payload or {}).get("correlation_keys") or {}
            data: JsonObject = {
                "name": self._name(event),
                "completedAt": _time(event),
                "correlationKeys": keys,
            }
            yield "workflow.correlation-completed", data
        if self._correlating == 0:
            yield from self._workflow_status(event, "running")

    # --- what the data is made of -------------------------------------------------------------------------------

    def _name(self, event: ProgressEvent) -> str:
        return f"{self._document.name}-{event.workflow_execution_id}.{self._document.namespace}"

    def _about_task(self, event: ProgressEvent, reference: str, moment: str) -> JsonObject:
        return {"workflow": self._name(event), "task": reference, moment: _time(event)}

    def _output_uri(self, event: ProgressEvent) -> JsonObject:
        if not self._output_base:
            return {}
        uri = f"{self._output_base}/{event.workflow_execution_id}"
        return {"outputUri": f"{uri}#{event.task_reference}" if event.task_reference else uri}


def _time(event: ProgressEvent) -> str:
    return iso8601(event.timestamp_ms / 1000)


def _error(error: EventError | None) -> JsonObject:
    """The error object of the DSL, from what the log keeps of it."""
    if error is None:
        return {}
    found: JsonObject = {"type": error.type, "status": error.status, "title": error.message}
    if error.instance:
        found["instance"] = error.instance
    return found
