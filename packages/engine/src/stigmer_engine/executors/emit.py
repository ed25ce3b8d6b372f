"""`emit`: an event, filled in and published (decision A7: the output is the event)."""

from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import EmitTask, TaskBase

from stigmer_engine.cloud_events.event import SPEC_VERSION, InvalidEvent, check_event
from stigmer_engine.executors.call_uri import join_uri, uri_template
from stigmer_engine.faults import fault
from stigmer_engine.frames import CallFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope, iso8601

# Attributes that may be URI templates.
_ADDRESSES: Final = ("source", "dataschema")


async def run_emit(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the event. `id`, `source`, `time` and `specversion` are filled in when the document has none.

    Raises:
        Fault: `expression`, when the result is no CloudEvent; `communication`, when nobody took it.
    """
    assert isinstance(task, EmitTask)
    call = frame.body
    if call is None:
        event = await _evaluated(run, task, input_of(frame), scope)
        number = run.next_call_id()
        try:
            checked = check_event(_fill_in(run, event, number))
        except InvalidEvent as error:
            raise fault("expression", "This is not a CloudEvent", str(error)) from error
        call = frame.body = CallFrame(id=number, arguments=checked)
    assert isinstance(call, CallFrame)
    await run.call("emit", call, frame.reference)
    return Outcome(call.arguments)


async def _evaluated(run: Run, task: EmitTask, dot: JsonValue, scope: Scope) -> JsonObject:
    template: JsonObject = task.emit.event.with_.model_dump(mode="json", by_alias=True, exclude_unset=True)
    addresses = {name: text for name in _ADDRESSES if isinstance(text := template.get(name), str)}
    template.update((name, uri_template(text)) for name, text in addresses.items())
    event = await run.template("emit", template, dot, scope)
    assert isinstance(event, dict)
    return {**event, **{name: join_uri(text, event[name], dot) for name, text in addresses.items()}}


def _fill_in(run: Run, event: JsonObject, number: str) -> JsonObject:
    document = run.prepared.workflow.document
    return {
        "specversion": SPEC_VERSION,
        "id": number,
        "source": f"/{document.namespace}/{document.name}/{document.version}",
        "time": iso8601(run.runtime.now()),
        **event,
    }
