"""`try`: errors caught, retried and handled (decisions A8 to A12)."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import ErrorFilter, RetryPolicy, TaskBase, TryTask

from stigmer_engine.events import EventType, Status
from stigmer_engine.executors.retry_schedule import may_retry, retry_delay
from stigmer_engine.executors.task_list import run_list
from stigmer_engine.faults import Fault, WorkflowError, canonical_type
from stigmer_engine.frames import DoFrame, TaskFrame, TryFrame, input_of
from stigmer_engine.interpreter.components import component
from stigmer_engine.interpreter.lifecycle import duration_seconds
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run, within
from stigmer_engine.interpreter.scope import Scope


async def run_try(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: that of `try`, or of `catch.do` for an error that was caught (without `do`, the error object).

    Raises:
        Fault: an error that is not caught, or is still there after the last retry and has no handler.
    """
    assert isinstance(task, TryTask)
    tried = frame.body
    if tried is None:
        now = run.runtime.now()
        tried = frame.body = TryFrame(began_at=now, attempt_began_at=now)
    assert isinstance(tried, TryFrame)
    while True:
        match tried.phase:
            case "try":
                outcome = await _attempt(run, task, frame, tried, scope)
                if outcome is not None:
                    return outcome
            case "caught":
                await _decide(run, task, frame, tried, scope)
            case "delay":
                assert tried.next_at is not None
                await run.sleep_until(tried.next_at, f"retry: {frame.name}, attempt {tried.attempt}")
                tried.phase, tried.attempt_began_at = "try", run.runtime.now()
                tried.next_at = tried.error = None
            case "catch":
                return await _handle(run, task, frame, tried, scope)


async def _attempt(run: Run, task: TryTask, frame: TaskFrame, tried: TryFrame, scope: Scope) -> Outcome | None:
    """The outcome of the list, or None when it raised an error, which is then in the frame."""
    limit = await _attempt_limit(run, task, frame, scope)
    if tried.body is None:
        tried.body = DoFrame(value=input_of(frame))
    body = tried.body
    deadline = None if limit is None else tried.attempt_began_at + limit
    try:
        return await within(
            run,
            deadline,
            f"Attempt {tried.attempt} of {frame.name}",
            lambda: run_list(run, task.try_, f"{frame.reference}/try", body, scope),
        )
    except Fault as error:
        run.abandon(body)
        tried.phase, tried.error, tried.body = "caught", error.at(frame.reference).error.to_json(), None
        return None


async def _attempt_limit(run: Run, task: TryTask, frame: TaskFrame, scope: Scope) -> float | None:
    policy = _policy(run, task)
    if policy is None or policy.limit is None or policy.limit.attempt is None:
        return None
    duration = policy.limit.attempt.duration
    if duration is None:
        return None
    return await duration_seconds(run, "retry.limit.attempt.duration", duration, input_of(frame), scope)


async def _decide(run: Run, task: TryTask, frame: TaskFrame, tried: TryFrame, scope: Scope) -> None:
    """Choose between retry and handler for the error in the frame. Raises it when it is not caught."""
    error = tried.error
    assert error is not None
    caught = Fault(WorkflowError.from_json(error))
    inner = scope.bind(**{_variable(task): error})
    catch = task.catch
    if not _matches(catch.errors.with_ if catch.errors else None, error):
        raise caught
    if not await _condition(run, "catch", catch.when, catch.except_when, frame, inner):
        raise caught
    policy = _policy(run, task)
    if policy is not None and await _condition(run, "retry", policy.when, policy.except_when, frame, inner):
        # Another attempt of a run without steps ends as this one did: retried, it would come again for ever.
        if not run.exhausted and await may_retry(run, policy, tried, input_of(frame), inner):
            delay = await retry_delay(run, policy, tried.attempt, input_of(frame), inner)
            _schedule(run, frame, tried, caught, delay)
            return
        if catch.do is None and catch.then is None:
            raise caught
    tried.phase = "catch"


def _schedule(run: Run, frame: TaskFrame, tried: TryFrame, caught: Fault, delay: float) -> None:
    tried.phase, tried.next_at = "delay", run.runtime.now() + delay
    tried.attempt += 1
    run.report(
        EventType.TASK_RETRY,
        Status.RUNNING,
        f"Task {frame.name} is tried again in {delay:g} s",
        task=frame,
        error=caught.error,
        attempt=tried.attempt,
    )


async def _handle(run: Run, task: TryTask, frame: TaskFrame, tried: TryFrame, scope: Scope) -> Outcome:
    error = tried.error
    assert error is not None
    if task.catch.do is None:
        return Outcome(error, task.catch.then)
    if tried.body is None:
        tried.body = DoFrame(value=input_of(frame))
    inner = scope.bind(**{_variable(task): error})
    outcome = await run_list(run, task.catch.do, f"{frame.reference}/catch/do", tried.body, inner)
    return outcome if outcome.ends else Outcome(outcome.value, task.catch.then)


async def _condition(
    run: Run, slot: str, when: str | None, except_when: str | None, frame: TaskFrame, scope: Scope
) -> bool:
    for name, text, wanted in (("when", when, True), ("exceptWhen", except_when, False)):
        if text is not None:
            value = await run.expression(f"{slot}.{name}", text, input_of(frame), scope)
            if (value is not None and value is not False) is not wanted:
                return False
    return True


def _matches(wanted: ErrorFilter | None, error: JsonObject) -> bool:
    if wanted is None:
        return True
    for name, value in wanted.model_dump(exclude_none=True).items():
        actual = error.get(name)
        if name == "type":
            if canonical_type(str(value)) != canonical_type(str(actual)):
                return False
        elif value != actual:
            return False
    return True


def _policy(run: Run, task: TryTask) -> RetryPolicy | None:
    retry = task.catch.retry
    if not isinstance(retry, str):
        return retry
    use = run.prepared.workflow.use
    return component(use.retries if use else None, "retries", "retry policy", retry)


def _variable(task: TryTask) -> str:
    return task.catch.as_.removeprefix("$")
