"""What `run: shell` and `run: script` have in common: their arguments as text, and what `return` gives."""

import json
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import RunTask

from stigmer_engine.faults import fault
from stigmer_engine.frames import CallFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run

_SHOWN: Final = 500


def process_arguments(evaluated: JsonObject, *, wait: bool) -> JsonObject:
    """The arguments of the call: everything that the process gets as text.

    A list of arguments keeps its order; a map becomes `name=value`, or `name` alone for null. A variable that is null
    is not set, and a standard input that is null is empty.
    """
    given, environment, stdin = (evaluated.get(name) for name in ("arguments", "environment", "stdin"))
    texts: list[JsonValue] = []
    if isinstance(given, dict):
        texts.extend(name if value is None else f"{name}={as_text(value)}" for name, value in given.items())
    elif isinstance(given, list):
        texts.extend(as_text(value) for value in given)
    variables = environment.items() if isinstance(environment, dict) else ()
    return {
        "arguments": texts,
        "environment": {name: as_text(value) for name, value in variables if value is not None},
        "stdin": None if stdin is None else as_text(stdin),
        "await": wait,
    }


def as_text(value: JsonValue) -> str:
    """Text as it is, null as nothing, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def run_and_return(run: Run, kind: str, task: RunTask, frame: TaskFrame) -> Outcome:
    """Perform the call of the frame, and give what `return` asks for.

    Raises:
        Fault: `runtime`, for an exit code that is not 0 and that `return` does not ask for (`code` and `all` do).
    """
    assert isinstance(frame.body, CallFrame)
    result = await run.call(kind, frame.body, frame.reference)
    wanted = task.run.return_
    if not task.run.await_:
        return Outcome(input_of(frame))
    if not isinstance(result, dict):
        raise fault("runtime", f"The {kind} call gave no result")
    code = result.get("code")
    if wanted == "all":
        return Outcome({name: result.get(name) for name in ("code", "stdout", "stderr")})
    if wanted == "code":
        return Outcome(code)
    if code != 0:
        said = str(result.get("stderr") or "").strip()[-_SHOWN:]
        raise fault("runtime", "The process failed", f"exit code {code}{': ' if said else ''}{said}")
    return Outcome(input_of(frame) if wanted == "none" else result.get(wanted))
