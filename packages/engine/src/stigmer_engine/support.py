"""What this engine does not run yet: refused when a document is loaded, by name and place; never ignored."""

from collections.abc import Iterator

from stigmer_dsl import LoadedDocument, Problem
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import (
    CallTask,
    DoTask,
    ForkTask,
    ForTask,
    ListenTask,
    NamedTask,
    RunTask,
    SchemaDefinition,
    TaskBase,
    TryTask,
    Workflow,
    kind_of,
)

from stigmer_engine.executors.authentication import SCHEMES
from stigmer_engine.executors.call import PROTOCOL_CALLS, REFUSED_CALLS
from stigmer_engine.executors.registry import EXECUTORS
from stigmer_engine.executors.task_list import escape

# Deeper nesting would exhaust the stack of the interpreter, which awaits a task inside its parent.
MAX_DEPTH = 40


def find_unsupported(loaded: LoadedDocument) -> tuple[Problem, ...]:
    """Everything in the document that this engine cannot run, in the order of the document."""
    found = [*_workflow(loaded.workflow), *_tasks(loaded.workflow, loaded.workflow.do, "/do", 1)]
    return tuple(
        Problem(code=code, message=message, pointer=pointer, source=loaded.source, hint=hint)
        for code, pointer, message, hint in found
    )


_Finding = tuple[str, str, str, str]
_LATER = "Take it out, or run the document where it is supported."


def _unsupported(pointer: str, what: str, hint: str = _LATER) -> _Finding:
    return ("unsupported-construct", pointer, f"{what} is not supported by this runner", hint)


def _workflow(workflow: Workflow) -> Iterator[_Finding]:
    if workflow.evaluate is not None:
        if workflow.evaluate.language != "jq":
            yield _unsupported("/evaluate/language", f"The language `{workflow.evaluate.language}`", "Use jq.")
        if workflow.evaluate.mode != "strict":
            yield _unsupported("/evaluate/mode", "The mode `loose`", "Mark expressions with `${ }`.")
    if workflow.use is not None:
        for index, item in enumerate(workflow.use.extensions or ()):
            prefix = f"/use/extensions/{index}/{escape(item.name)}"
            yield from _tasks(workflow, item.extension.before or (), f"{prefix}/before", 1)
            yield from _tasks(workflow, item.extension.after or (), f"{prefix}/after", 1)
        for name, function in (workflow.use.functions or {}).items():
            yield from _task(workflow, function, f"/use/functions/{escape(name)}", 1)
    yield from _schema("/input/schema", workflow.input.schema_ if workflow.input else None)
    yield from _schema("/output/schema", workflow.output.schema_ if workflow.output else None)


def _tasks(workflow: Workflow, tasks: tuple[NamedTask, ...], prefix: str, depth: int) -> Iterator[_Finding]:
    if depth > MAX_DEPTH:
        message = f"Tasks are nested more than {MAX_DEPTH} deep"
        yield ("too-deep", prefix, message, "Flatten the document, or move a part into its own workflow.")
        return
    for index, named in enumerate(tasks):
        yield from _task(workflow, named.task, f"{prefix}/{index}/{escape(named.name)}", depth)


def _task(workflow: Workflow, task: TaskBase, pointer: str, depth: int) -> Iterator[_Finding]:
    if type(task) not in EXECUTORS:
        yield _unsupported(pointer, f"The task kind `{kind_of(task)}`")
    yield from _data_flow(pointer, task)
    match task:
        case CallTask():
            yield from _call(workflow, pointer, task)
        case DoTask() | ForTask():
            yield from _tasks(workflow, task.do, f"{pointer}/do", depth + 1)
        case ForkTask():
            yield from _tasks(workflow, task.fork.branches, f"{pointer}/fork/branches", depth + 1)
        case ListenTask() if task.foreach is not None:
            yield from _tasks(workflow, task.foreach.do or (), f"{pointer}/foreach/do", depth + 1)
            for part in ("output", "export"):
                described = getattr(task.foreach, part)
                yield from _schema(f"{pointer}/foreach/{part}/schema", described.schema_ if described else None)
        case RunTask():
            for kind in ("container", "script", "shell"):
                if getattr(task.run, kind) is not None:
                    yield _unsupported(f"{pointer}/run/{kind}", f"`run: {kind}`")
        case TryTask():
            yield from _tasks(workflow, task.try_, f"{pointer}/try", depth + 1)
            yield from _tasks(workflow, task.catch.do or (), f"{pointer}/catch/do", depth + 1)
        case _:
            pass


def _data_flow(pointer: str, task: TaskBase) -> Iterator[_Finding]:
    yield from _schema(f"{pointer}/input/schema", task.input.schema_ if task.input else None)
    yield from _schema(f"{pointer}/output/schema", task.output.schema_ if task.output else None)
    yield from _schema(f"{pointer}/export/schema", task.export.schema_ if task.export else None)


def _schema(pointer: str, schema: SchemaDefinition | None) -> Iterator[_Finding]:
    if schema is None:
        return
    if schema.resource is not None:
        yield _unsupported(f"{pointer}/resource", "A schema from elsewhere", "Put the schema under `document`.")
    elif schema.format.partition(":")[0] != "json":
        yield _unsupported(f"{pointer}/format", f"The schema format `{schema.format}`", "Use `json`.")


def _call(workflow: Workflow, pointer: str, task: CallTask) -> Iterator[_Finding]:
    if task.call in REFUSED_CALLS:
        yield _unsupported(f"{pointer}/call", f"`call: {task.call}`")
        return
    functions = (workflow.use.functions if workflow.use else None) or {}
    if task.call not in PROTOCOL_CALLS and task.call not in functions:
        yield _unsupported(f"{pointer}/call", f"A function from elsewhere (`{task.call}`)")
    if task.call != "http":
        return
    endpoint = (task.with_ or {}).get("endpoint")
    if isinstance(endpoint, dict) and "authentication" in endpoint:
        yield from _authentication(workflow, f"{pointer}/with/endpoint/authentication", endpoint["authentication"])


def _authentication(workflow: Workflow, pointer: str, reference: JsonValue) -> Iterator[_Finding]:
    policy: JsonObject = reference if isinstance(reference, dict) else {}
    if "use" in policy:
        named = (workflow.use.authentications if workflow.use else None) or {}
        found = named.get(str(policy["use"]))
        if found is None:
            return  # the loader has reported the name
        policy = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    for scheme, settings in policy.items():
        if scheme not in SCHEMES:
            yield _unsupported(f"{pointer}/{scheme}", f"The authentication scheme `{scheme}`")
        elif scheme == "basic" and isinstance(settings, dict) and "use" in settings:
            hint = "Give `username` and `password`, for example as ${ $secrets.NAME }."
            yield _unsupported(f"{pointer}/basic/use", "A secret that holds user name and password", hint)
