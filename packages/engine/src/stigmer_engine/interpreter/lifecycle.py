"""The life of a task, the same for every kind (specification section 'Data flow', dsl.md 1.3):

`if` -> `input.schema` -> `input.from` -> body -> `output.as` -> `output.schema` -> `export.as` -> `export.schema`,
within the task's `timeout`. What comes after the last await of a step is one synchronous change of the tree.
"""

import asyncio

from stigmer_dsl import Duration, parse_duration
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models import NamedTask, TaskBase, Timeout

from stigmer_engine.events import EventType, Status
from stigmer_engine.faults import Fault, fault
from stigmer_engine.frames import UNSET, Holder, TaskFrame, open_tasks
from stigmer_engine.interpreter.components import component
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run, within
from stigmer_engine.interpreter.schemas import validate
from stigmer_engine.interpreter.scope import Scope, TaskView
from stigmer_engine.interpreter.search_attributes import set_search_attributes


async def run_task(run: Run, named: NamedTask, reference: str, holder: Holder, raw: JsonValue, scope: Scope) -> Outcome:
    """Run one task, or go on with it when `holder` already has its frame.

    Args:
        reference: JSON pointer of the task.
        holder: the frame of the list or branch; its `child` is this task's frame while the task is open.
        raw: the task's raw input, ignored on re-entry.

    Returns:
        The transformed output and the flow directive. From the return to the caller's next await nothing else
        runs, so the caller must record the outcome in its own frame at once.

    Raises:
        Fault: with `instance` set to the reference of the task that raised it.
    """
    task: TaskBase = named.task
    if holder.child is None:
        await run.gate(reference)
        try:
            frame = await _enter(run, named, reference, raw, scope)
        except Fault as error:
            failed = TaskFrame(name=named.name, reference=reference, raw=raw, started_at=run.runtime.now())
            _report_failure(run, failed, error.at(reference))
            raise error.at(reference) from error.__cause__
        if frame is None:
            return Outcome(raw)
        holder.child = frame
        run.report(
            EventType.TASK_STARTED,
            Status.RUNNING,
            f"Task {frame.name} started",
            task=frame,
            payload={"input": raw},
        )
    frame = holder.child
    try:
        return await within(
            run, frame.deadline, f"Task {frame.name}", lambda: _complete(run, task, frame, holder, scope)
        )
    except Fault as error:
        _close_open_tasks(run, frame)
        holder.child = None
        _report_failure(run, frame, error.at(reference))
        raise error.at(reference) from error.__cause__
    except asyncio.CancelledError:
        run.abandon(holder)
        raise


async def _enter(run: Run, named: NamedTask, reference: str, raw: JsonValue, scope: Scope) -> TaskFrame | None:
    """A new frame, or None when `if` skips the task."""
    task = named.task
    now = run.runtime.now()
    frame = TaskFrame(name=named.name, reference=reference, raw=raw, started_at=now)
    if task.if_ is None and task.timeout is None and task.metadata is None:
        return frame
    seen = scope.of(_view(task, frame))
    if task.if_ is not None:
        wanted = await run.expression("if", task.if_, raw, seen)
        if wanted is None or wanted is False:
            run.report(
                EventType.TASK_SKIPPED, Status.COMPLETED, f"Task {frame.name} skipped", task=frame,
                payload={"output": raw},
            )  # fmt: skip
            return None
    if task.timeout is not None:
        frame.deadline = now + await timeout_seconds(run, task.timeout, raw, seen)
    if task.metadata is not None:
        await set_search_attributes(run, task, raw, seen)
    return frame


async def _complete(run: Run, task: TaskBase, frame: TaskFrame, holder: Holder, scope: Scope) -> Outcome:
    if frame.input is UNSET:
        run_input = frame.raw
        if task.input is not None:
            seen = scope.of(_view(task, frame))
            await validate(run, frame.reference, "input", task.input.schema_, frame.raw, seen)
            if task.input.from_ is not None:
                run_input = await run.transform("input.from", task.input.from_, frame.raw, seen)
        frame.input = run_input
    if frame.output is UNSET:
        body = await run.body(run, task, frame, scope.of(_view(task, frame)))
        frame.output, frame.then, frame.ends, frame.body = body.value, body.then, body.ends, None
    if frame.ends:
        return _finish(run, task, frame, holder, frame.output)
    output = frame.output
    if task.output is not None:
        if task.output.as_ is not None:
            output = await run.transform("output.as", task.output.as_, frame.output, scope.of(_view(task, frame)))
        await validate(run, frame.reference, "output", task.output.schema_, output, scope.of(_view(task, frame)))
    if task.export is None:
        return _finish(run, task, frame, holder, output)
    # Branches that export at the same time must each see what the other one left.
    async with run.export_lock:
        context = run.tree.context
        if task.export.as_ is not None:
            context = await run.transform("export.as", task.export.as_, output, scope.of(_view(task, frame, output)))
        seen = scope.of(_view(task, frame, output))
        await validate(run, frame.reference, "export", task.export.schema_, context, seen)
        run.tree.context = context
        return _finish(run, task, frame, holder, output)


def _finish(run: Run, task: TaskBase, frame: TaskFrame, holder: Holder, output: JsonValue) -> Outcome:
    holder.child = None
    run.report(
        EventType.TASK_COMPLETED,
        Status.COMPLETED,
        f"Task {frame.name} completed",
        task=frame,
        payload={"output": output} if frame.notes is UNSET else {"output": output, **frame.notes},
    )
    return Outcome(output, frame.then or task.then, frame.ends)


def _close_open_tasks(run: Run, frame: TaskFrame) -> None:
    """Report what a timeout found open below the task; a fault that came from below has closed it already."""
    # The task itself comes last; it is told as failed.
    for task in open_tasks(frame)[:-1]:
        run.report_cancelled(task)
    frame.body = frame.extension = None


def _report_failure(run: Run, frame: TaskFrame, error: Fault) -> None:
    run.report(
        EventType.TASK_FAILED,
        Status.FAILED,
        f"Task {frame.name} failed: {error.error.sentence}",
        task=frame,
        error=error.error,
    )


def _view(task: TaskBase, frame: TaskFrame, output: JsonValue | None = None) -> TaskView:
    return TaskView(
        name=frame.name,
        reference=frame.reference,
        task=task,
        raw=frame.raw,
        started_at=frame.started_at,
        input=frame.input,
        raw_output=frame.output,
        output=output,
        authorization=None if frame.authorization is UNSET else frame.authorization,
    )


async def timeout_seconds(run: Run, timeout: Timeout | str, dot: JsonValue, scope: Scope) -> float:
    """A timeout of a task or the workflow in seconds: in place, or by its name in `use.timeouts`.

    Raises:
        Fault: `configuration`, for a name that is not there.
    """
    if isinstance(timeout, str):
        use = run.prepared.workflow.use
        timeout = component(use.timeouts if use else None, "timeouts", "timeout", timeout)
    return await duration_seconds(run, "timeout", timeout.after, dot, scope)


async def duration_seconds(run: Run, slot: str, duration: Duration | str, dot: JsonValue, scope: Scope) -> float:
    """A duration of the document in seconds: an object, ISO 8601 text, or an expression that yields either.

    Raises:
        Fault: `expression`, when it yields neither.
    """
    if isinstance(duration, Duration):
        return duration.total_seconds()
    value = await run.template(slot, duration, dot, scope)
    try:
        return parse_duration(value).total_seconds()
    except ValueError as error:
        raise fault("expression", f"The duration of {slot} is not valid", str(error)) from error
