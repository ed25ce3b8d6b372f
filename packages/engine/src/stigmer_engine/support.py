"""What this engine does not run yet: refused when a document is loaded, by name and place; never ignored."""

from collections.abc import Iterator

from stigmer_dsl import LoadedDocument, Problem
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

from stigmer_engine.capabilities import Capabilities
from stigmer_engine.executors.registry import EXECUTORS
from stigmer_engine.executors.task_list import escape
from stigmer_engine.processes import refused_process
from stigmer_engine.schedule.cron import Cron, InvalidCron
from stigmer_engine.support_calls import refused_call, refused_use

# Deeper nesting would exhaust the stack of the interpreter, which awaits a task inside its parent.
MAX_DEPTH = 40


def find_unsupported(loaded: LoadedDocument, capabilities: Capabilities | None = None) -> tuple[Problem, ...]:
    """Everything in the document that this engine cannot run, in the order of the document.

    Args:
        capabilities: what the runtime can do beyond the language; nothing, when not given.
    """
    allowed = capabilities or Capabilities()
    workflow = loaded.workflow
    found = [*_workflow(workflow, allowed), *_tasks(workflow, workflow.do, "/do", 1, allowed)]
    return tuple(_problem(loaded, finding) for finding in found)


_Finding = tuple[str, str, str, str]


def _problem(loaded: LoadedDocument, finding: _Finding) -> Problem:
    code, pointer, message, hint = finding
    line, column = loaded.locate(pointer) or (None, None)
    return Problem(
        code=code,
        message=message,
        pointer=loaded.origin(pointer),
        line=line,
        column=column,
        source=loaded.source,
        hint=hint,
    )


_LATER = "Take it out, or run the document where it is supported."


def _unsupported(pointer: str, what: str, hint: str = _LATER) -> _Finding:
    return ("unsupported-construct", pointer, f"{what} is not supported by this runner", hint)


def _workflow(workflow: Workflow, capabilities: Capabilities) -> Iterator[_Finding]:
    if workflow.schedule is not None and workflow.schedule.cron is not None:
        yield from _cron(workflow.schedule.cron)
    if workflow.evaluate is not None and workflow.evaluate.language != "jq":
        yield _unsupported("/evaluate/language", f"The language `{workflow.evaluate.language}`", "Use jq.")
    yield from (_unsupported(*refusal) for refusal in refused_use(workflow))
    if workflow.use is not None:
        for index, item in enumerate(workflow.use.extensions or ()):
            prefix = f"/use/extensions/{index}/{escape(item.name)}"
            yield from _tasks(workflow, item.extension.before or (), f"{prefix}/before", 1, capabilities)
            yield from _tasks(workflow, item.extension.after or (), f"{prefix}/after", 1, capabilities)
        for name, function in (workflow.use.functions or {}).items():
            yield from _task(workflow, function, f"/use/functions/{escape(name)}", 1, capabilities)
    yield from _schema("/input/schema", workflow.input.schema_ if workflow.input else None)
    yield from _schema("/output/schema", workflow.output.schema_ if workflow.output else None)


def _cron(expression: str) -> Iterator[_Finding]:
    try:
        Cron(expression)
    except InvalidCron as error:
        message = f"This is not a cron expression: {error}"
        yield ("invalid-cron", "/schedule/cron", message, "Write five fields, such as '0 8 * * 1-5'.")


def _tasks(
    workflow: Workflow, tasks: tuple[NamedTask, ...], prefix: str, depth: int, capabilities: Capabilities
) -> Iterator[_Finding]:
    if depth > MAX_DEPTH:
        message = f"Tasks are nested more than {MAX_DEPTH} deep"
        yield ("too-deep", prefix, message, "Flatten the document, or move a part into its own workflow.")
        return
    for index, named in enumerate(tasks):
        yield from _task(workflow, named.task, f"{prefix}/{index}/{escape(named.name)}", depth, capabilities)


def _task(
    workflow: Workflow, task: TaskBase, pointer: str, depth: int, capabilities: Capabilities
) -> Iterator[_Finding]:
    if type(task) not in EXECUTORS:
        yield _unsupported(pointer, f"The task kind `{kind_of(task)}`")
    yield from _data_flow(pointer, task)
    match task:
        case CallTask(call="activity") if not capabilities.activities:
            message = "`call: activity` needs the Temporal runtime"
            yield ("unsupported-construct", f"{pointer}/call", message, "Run it with `--runtime temporal`.")
        case CallTask(call="agent") if not capabilities.agents:
            message = "`call: agent` needs a Stigmer service"
            yield ("unsupported-construct", f"{pointer}/call", message, "Set STIGMER_SERVICE_ENDPOINT.")
        case CallTask():
            yield from (_unsupported(*refusal) for refusal in refused_call(pointer, task))
        case DoTask() | ForTask():
            yield from _tasks(workflow, task.do, f"{pointer}/do", depth + 1, capabilities)
        case ForkTask():
            yield from _tasks(workflow, task.fork.branches, f"{pointer}/fork/branches", depth + 1, capabilities)
        case ListenTask() if task.foreach is not None:
            yield from _tasks(workflow, task.foreach.do or (), f"{pointer}/foreach/do", depth + 1, capabilities)
            for part in ("output", "export"):
                described = getattr(task.foreach, part)
                yield from _schema(f"{pointer}/foreach/{part}/schema", described.schema_ if described else None)
        case RunTask():
            yield from refused_process(pointer, task, capabilities.processes)
        case TryTask():
            yield from _tasks(workflow, task.try_, f"{pointer}/try", depth + 1, capabilities)
            yield from _tasks(workflow, task.catch.do or (), f"{pointer}/catch/do", depth + 1, capabilities)
        case _:
            pass


def _data_flow(pointer: str, task: TaskBase) -> Iterator[_Finding]:
    yield from _schema(f"{pointer}/input/schema", task.input.schema_ if task.input else None)
    yield from _schema(f"{pointer}/output/schema", task.output.schema_ if task.output else None)
    yield from _schema(f"{pointer}/export/schema", task.export.schema_ if task.export else None)


def _schema(pointer: str, schema: SchemaDefinition | None) -> Iterator[_Finding]:
    if schema is None:
        return
    if schema.format.partition(":")[0] != "json":
        yield _unsupported(f"{pointer}/format", f"The schema format `{schema.format}`", "Use `json`.")
