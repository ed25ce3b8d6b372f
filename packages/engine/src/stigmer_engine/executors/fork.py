"""`fork`: branches side by side (decisions A5, A6).

What decides a fork (the winner, the first failure, a branch that ends the workflow) is recorded in the frame in the
branch's own step, once, and never revised. Siblings are then cancelled in the order of declaration.
"""

import asyncio
from collections.abc import Sequence

from stigmer_dsl.models import ForkTask, TaskBase

from stigmer_engine.executors.task_list import escape
from stigmer_engine.faults import Fault, WorkflowError
from stigmer_engine.frames import UNSET, BranchFrame, ForkFrame, TaskFrame, input_of
from stigmer_engine.interpreter.lifecycle import run_task
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_fork(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the branches' outputs in the order of declaration; with `compete`, the winner's.

    Raises:
        Fault: the first branch's that failed; with `compete` only when all have failed.
    """
    assert isinstance(task, ForkTask)
    fork = frame.body
    if fork is None:
        fork = frame.body = ForkFrame(branches=[BranchFrame() for _ in task.fork.branches])
    assert isinstance(fork, ForkFrame)
    if not _decided(fork, compete=task.fork.compete):
        await _run_branches(run, task, frame, fork, scope)
    for branch in fork.branches:
        if branch.state in ("waiting", "running"):
            run.abandon(branch)
            branch.state = "cancelled"
    return _verdict(fork, compete=task.fork.compete)


async def _run_branches(run: Run, task: ForkTask, frame: TaskFrame, fork: ForkFrame, scope: Scope) -> None:
    """Run the open branches until the fork is decided; on return none of them is running any more."""
    changed = asyncio.Event()
    broken: list[BaseException] = []
    compete = task.fork.compete
    open_branches = [index for index, branch in enumerate(fork.branches) if branch.state in ("waiting", "running")]
    # Counted, because looking at all branches whenever one ends would be quadratic.
    remaining = len(open_branches)

    async def run_branch(index: int) -> None:
        nonlocal remaining
        named = task.fork.branches[index]
        branch = fork.branches[index]
        branch.state = "running"
        reference = f"{frame.reference}/fork/branches/{index}/{escape(named.name)}"
        try:
            outcome = await run_task(run, named, reference, branch, input_of(frame), scope)
            _record_success(fork, index, outcome, compete=compete)
        except Fault as error:
            _record_failure(fork, index, error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            broken.append(error)
        finally:
            remaining -= 1
            changed.set()

    running = [asyncio.ensure_future(run_branch(index)) for index in open_branches]
    dropped = False
    try:
        while remaining and not _decided_early(fork, compete=compete) and not broken:
            await changed.wait()
            changed.clear()
    except GeneratorExit:
        # The loop is gone, as when a worker stops: there is nobody who could end the branches.
        dropped = True
        raise
    finally:
        if not dropped:
            for branch_task in running:
                branch_task.cancel()
            await _ended(running)
    if broken:
        raise broken[0]


async def _ended(tasks: "Sequence[asyncio.Future[None]]") -> None:
    """Wait until every branch has left, also when this wait is interrupted; then the interruption goes on."""
    interrupted: asyncio.CancelledError | None = None
    for task in tasks:
        end = _end_of(task)
        while not task.done():
            try:
                # Not the task itself: that would raise for the task's own cancellation just as for ours.
                await end.wait()
            except asyncio.CancelledError as error:
                interrupted = error
    if interrupted is not None:
        raise interrupted


def _end_of(task: "asyncio.Future[None]") -> asyncio.Event:
    end = asyncio.Event()
    task.add_done_callback(lambda _task: end.set())
    return end


def _record_success(fork: ForkFrame, index: int, outcome: Outcome, *, compete: bool) -> None:
    branch = fork.branches[index]
    branch.state = "done"
    branch.output = outcome.value
    if _decided_early(fork, compete=compete):
        return  # another branch decided in this very moment, and the cancellation has not arrived yet
    if outcome.ends or outcome.then == "end":
        fork.ended_by = index
    elif compete:
        fork.winner = index


def _record_failure(fork: ForkFrame, index: int, error: Fault) -> None:
    branch = fork.branches[index]
    branch.state = "failed"
    branch.error = error.error.to_json()
    if fork.first_failure is None:
        fork.first_failure = index


def _decided(fork: ForkFrame, *, compete: bool) -> bool:
    return _decided_early(fork, compete=compete) or all(branch.state in ("done", "failed") for branch in fork.branches)


def _decided_early(fork: ForkFrame, *, compete: bool) -> bool:
    """Whether the outcome is certain, whatever the branches that still run may do."""
    if fork.ended_by is not None or fork.winner is not None:
        return True
    return not compete and fork.first_failure is not None


def _verdict(fork: ForkFrame, *, compete: bool) -> Outcome:
    if not compete and fork.first_failure is not None and fork.ended_by is None:
        raise _fault_of(fork)
    decisive = fork.ended_by if fork.ended_by is not None else fork.winner
    if decisive is not None:
        output = fork.branches[decisive].output
        assert output is not UNSET
        return Outcome(output, ends=fork.ended_by is not None)
    if compete:
        raise _fault_of(fork)
    return Outcome([None if branch.output is UNSET else branch.output for branch in fork.branches])


def _fault_of(fork: ForkFrame) -> Fault:
    assert fork.first_failure is not None
    error = fork.branches[fork.first_failure].error
    assert error is not None
    return Fault(WorkflowError.from_json(error))
