"""`call: http`: the arguments, evaluated (dsl.md 1.5). The call itself is a side effect behind the port."""

import re
from urllib.parse import quote

from stigmer_dsl.expressions import Expression, split_text
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.authentication import authentication_template
from stigmer_engine.faults import fault
from stigmer_engine.frames import CallFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

_VARIABLE = re.compile(r"\{([^{}]*)\}")


async def run_http_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the response, as `output` of the call says."""
    assert isinstance(task, CallTask)
    call = frame.body
    if call is None:
        arguments = await _arguments(run, task, input_of(frame), scope)
        call = frame.body = CallFrame(id=run.next_call_id(), arguments=arguments)
    assert isinstance(call, CallFrame)
    return Outcome(await run.call("http", call, frame.reference))


async def _arguments(run: Run, task: CallTask, dot: JsonValue, scope: Scope) -> JsonObject:
    """Evaluate everything in one program; only then put the URI together."""
    template: JsonObject = dict(task.with_ or {})
    endpoint = template.pop("endpoint")
    uri = endpoint["uri"] if isinstance(endpoint, dict) else endpoint
    segments = split_text(str(uri))
    template["uri"] = [
        f"${{ {segment.source}\n }}" if isinstance(segment, Expression) else None for segment in segments
    ]
    if isinstance(endpoint, dict) and "authentication" in endpoint:
        template["authentication"] = authentication_template(run, endpoint["authentication"])
    arguments = await run.template("with", template, dot, scope)
    assert isinstance(arguments, dict)
    values = arguments["uri"]
    assert isinstance(values, list)
    arguments = dict(arguments)
    arguments["uri"] = "".join(
        _uri_text(value) if isinstance(segment, Expression) else expand(segment.value, dot)
        for segment, value in zip(segments, values, strict=True)
    )
    for name in ("headers", "query"):
        if not isinstance(arguments.get(name, {}), dict):
            raise fault("expression", f"`{name}` of the call is not an object")
    return arguments


def expand(template: str, dot: JsonValue) -> str:
    """A URI template of level 1 (RFC 6570) over the top-level keys of the input; a missing key gives nothing.

    Raises:
        Fault: `expression`, for a value that is not a scalar.
    """

    def replace(match: re.Match[str]) -> str:
        value = dot.get(match.group(1)) if isinstance(dot, dict) else None
        if isinstance(value, dict | list):
            raise fault("expression", f"{{{match.group(1)}}} in the URI is not a scalar", template)
        return quote("" if value is None else _uri_text(value), safe="")

    return _VARIABLE.sub(replace, template)


def _uri_text(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise fault("expression", "The endpoint is not text", "the expression of the URI gave no scalar")
