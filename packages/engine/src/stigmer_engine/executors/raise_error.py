"""`raise`: an error on purpose."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import ErrorDefinition, RaiseTask, TaskBase

from stigmer_engine.faults import Fault, WorkflowError
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.components import component
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_raise(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Never returns.

    Raises:
        Fault: the error of the document, its texts evaluated; `instance` is the task's unless the document sets it.
    """
    assert isinstance(task, RaiseTask)
    definition = _definition(run, task.raise_.error)
    template: JsonObject = definition.model_dump(mode="json", exclude_none=True)
    error = await run.template("raise", template, input_of(frame), scope)
    assert isinstance(error, dict)
    texts = {name: value if isinstance(value, str) else _text(value) for name, value in error.items()}
    raise Fault(WorkflowError.from_json({**texts, "status": definition.status}))


def _definition(run: Run, error: ErrorDefinition | str) -> ErrorDefinition:
    if isinstance(error, ErrorDefinition):
        return error
    use = run.prepared.workflow.use
    return component(use.errors if use else None, "errors", "error", error)


def _text(value: object) -> str:
    return "" if value is None else str(value)
