"""Functions: `call` with the name of a task in `use.functions`, of a catalog, or a URL (dsl.md 1.2, 1.5).

`with` becomes the input of the function's task, which sees no variable of its caller but the eight arguments. A
function from elsewhere is fetched once, stays in the frame, and sees no secrets.
"""

import hashlib
import json
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, NamedTask, Task, TaskBase

from stigmer_engine.executors.call_resource import fetch
from stigmer_engine.executors.task_list import escape
from stigmer_engine.faults import fault
from stigmer_engine.frames import UNSET, DoFrame, FunctionFrame, TaskFrame, input_of
from stigmer_engine.interpreter.lifecycle import run_task
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

MAX_CALL_DEPTH: Final = 16
"""Functions may call functions, but each call keeps its caller's frames."""

DEFAULT_CATALOG: Final = "default"
"""The runtime's own catalog; which one that is, its configuration says."""

_TASK: Final[TypeAdapter[Task]] = TypeAdapter(Task)
_STEP: Final = "/function/"
_NO_SECRETS: Final[JsonObject] = {}


async def run_function(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the transformed output of the function's task.

    Raises:
        Fault: `configuration`, for an unknown function, one that calls itself, or calls nested too deeply; what
            fetching it or its task raised.
    """
    assert isinstance(task, CallTask)
    _check_depth(task, frame.reference)
    call = frame.body
    if call is None:
        call = frame.body = FunctionFrame()
    assert isinstance(call, FunctionFrame)
    known = _named(run, task.call)
    if known is None and call.definition is UNSET:
        call.definition = (await _fetch(run, task.call, input_of(frame), scope))["definition"]
    if call.body is None:
        arguments = await run.template("with", dict(task.with_ or {}), input_of(frame), scope)
        call.body = DoFrame(value=arguments)
    reference = f"{frame.reference}{_STEP}{escape(task.call)}"
    inner = Scope(plain=scope.plain)
    if known is None:
        text = json.dumps(call.definition, sort_keys=True)
        # What stands at an address may change between executions, and what is prepared is kept by reference.
        reference = f"{reference}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        known = _parse(text)
        inner = inner.bind(secrets=_NO_SECRETS)
    named = NamedTask(name=task.call, task=known)
    outcome = await run_task(run, named, reference, call.body, call.body.value, inner)
    return Outcome(outcome.value, ends=outcome.ends)


def _check_depth(task: CallTask, reference: str) -> None:
    # Each call of a function adds a step and the function's name to the reference.
    callers = [part.partition("/")[0] for part in reference.split(_STEP)[1:]]
    name = escape(task.call)
    if any(caller == name or caller.rpartition(":")[0] == name for caller in callers):
        raise fault("configuration", f"The function {task.call} calls itself", "use a loop instead")
    if len(callers) >= MAX_CALL_DEPTH:
        raise fault("configuration", "Functions call each other too deeply", f"more than {MAX_CALL_DEPTH} levels")


def _named(run: Run, name: str) -> Task | None:
    functions = run.prepared.workflow.use.functions if run.prepared.workflow.use else None
    return functions.get(name) if functions else None


async def _fetch(run: Run, name: str, dot: JsonValue, scope: Scope) -> JsonObject:
    """The function behind an absolute URL or `function:version@catalog`."""
    if "://" in name:
        return await fetch(run, {"endpoint": name}, dot, scope, form="function", slot="function")
    function, at, catalog = name.rpartition("@")
    title, colon, version = function.rpartition(":")
    if not (at and colon and title and version):
        hint = "declare it in use.functions, or write function:version@catalog or a URL"
        raise fault("configuration", f"There is no function {name!r}", hint)
    path = f"functions/{title}/{version}/function.yaml"
    catalogs = (run.prepared.workflow.use.catalogs if run.prepared.workflow.use else None) or {}
    if catalog not in catalogs:
        if catalog != DEFAULT_CATALOG:
            raise fault("configuration", f"There is no catalog {catalog!r} in use.catalogs")
        return await fetch(run, {"endpoint": f"catalog:{path}"}, dot, scope, form="function", slot="function")
    declared = catalogs[catalog].model_dump(mode="json", by_alias=True, exclude_none=True)["endpoint"]
    endpoint: JsonObject = dict(declared) if isinstance(declared, dict) else {"uri": declared}
    endpoint["uri"] = f"{str(endpoint['uri']).rstrip('/')}/{path}"
    return await fetch(run, {"endpoint": endpoint}, dot, scope, form="function", slot="function")


@lru_cache(maxsize=256)
def _parse(text: str) -> Task:
    # It was checked when it was fetched.
    return _TASK.validate_python(json.loads(text), by_alias=True, by_name=False)
