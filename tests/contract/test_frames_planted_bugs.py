"""The check of the law of frames is itself checked: each bug planted here must be found by it."""

from collections.abc import Callable, Iterator

import pytest
from stigmer_engine import EvaluatorConfig
from stigmer_engine.executors import for_each, retry_schedule, try_catch
from stigmer_engine.expressions import Evaluator
from stigmer_engine.frames import BrokenTree, WaitFrame, codec
from stigmer_engine.frames.frame import BranchFrame, DoFrame, ForFrame, ForkFrame, TaskFrame, Tree, TryFrame
from stigmer_engine.interpreter.run import Run
from stigmer_engine.testing import NothingScheduled
from stigmer_engine.testing.law import (
    Case,
    DrainPlan,
    allowed_endings,
    check_against,
    check_alone,
    run_case,
)
from stigmer_engine.testing.law.node import Kind, Node

_count = 0


def _node(kind: Kind, **fields: object) -> Node:
    global _count  # noqa: PLW0603 - names must differ, nothing more
    _count += 1
    return Node(name=f"t{_count}", kind=kind, **fields)  # type: ignore[arg-type]


def _set(number: int = 3, **fields: object) -> Node:
    return _node("set", number=number, **fields)


def _call(takes: int = 8, **fields: object) -> Node:
    return _node("call", number=5, takes=(takes,), **fields)


def _wait(eighths: int) -> Node:
    return _node("wait", number=eighths)


def _loop() -> Node:
    return _node("for", source=3, lists=((_set(), _call(4), _set(7)),))


def _fork(*branches: Node, compete: bool = False) -> Node:
    return _node("fork", lists=tuple((branch,) for branch in branches), compete=compete)


def _do(*nodes: Node, **fields: object) -> Node:
    return _node("do", lists=(nodes,), **fields)


_PLAIN = (
    Case(nodes=(_set(), _call(), _set(9), _wait(9), _set(4))),
    Case(nodes=(_loop(), _set())),
    Case(nodes=(_set(export=True), _set(2, export=True), _call(), _set(reads=("context",)))),
    Case(nodes=(_node("try", lists=((_set(), _call(3, fails=2)),), retries=2, delay=4), _set())),
    Case(nodes=(_node("try", lists=((_call(3, fails=8),), (_wait(3), _set(1))), retries=1, delay=4), _set())),
    Case(nodes=(_do(_wait(4), _set(), _wait(8), _set(5), timeout=9),)),
    Case(nodes=(_set(), _wait(4), _set(), _wait(8)), timeout=9),
    Case(nodes=(_fork(_do(_call(8), _call(8)), _do(_call(4), _set(8)), compete=True), _call())),
    Case(nodes=(_fork(_do(_wait(8), _wait(8)), _do(_wait(4), _set(8)), compete=True), _call())),
    Case(nodes=(_node("try", lists=((_call(3, fails=2),),), retries=1, delay=4), _set())),
    Case(nodes=(_fork(_do(_set(), _wait(3), _node("raise", number=401)), _do(_wait(2), _call(9), _set())), _set())),
    Case(nodes=(_fork(_do(_call(4), _set()), _do(_set(), _call(2), _wait(3)), _call(1)), _set())),
    Case(nodes=(_node("set", number=1), _do(_call(6), _node("set", number=2, then="end")), _call())),
)


def _with_jump(case: Case) -> Case:
    """The case, and at its end a jump back to its first task, once."""
    return Case(nodes=(*case.nodes, _node("switch", number=1, jumps_back=case.nodes[0].name), _set()))


CORPUS = (*_PLAIN, _with_jump(_PLAIN[0]), _with_jump(_PLAIN[1]))


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator(EvaluatorConfig(patience_seconds=None))
    yield evaluator
    evaluator.close()


def _check(evaluator: Evaluator) -> None:
    for case in CORPUS:
        allowed = allowed_endings(case)
        undrained = run_case(case, evaluator)
        check_alone(case, undrained, allowed)
        plans = [DrainPlan(everywhere=True)]
        plans += [DrainPlan(everywhere=True, giving_way=True)]
        plans += [DrainPlan(after_events=frozenset({event.sequence_number})) for event in undrained.events[:-1]]
        plans += [DrainPlan(at_evaluations=frozenset({number + 1})) for number in range(undrained.evaluations)]
        plans += [DrainPlan(at_seconds=(eighths / 8 + 0.0625,)) for eighths in range(12)]
        for plan in plans:
            drained = run_case(case, evaluator, plan)
            check_alone(case, drained, allowed)
            check_against(case, undrained, drained, allowed)


def test_the_corpus_keeps_the_law(evaluator: Evaluator) -> None:
    _check(evaluator)


Plant = Callable[[pytest.MonkeyPatch], None]


def _forget(kind: type, *names: str) -> Plant:
    """The codec drops fields of a frame, so that they come back with their default."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        kept = tuple(name for name in codec._FIELDS[kind] if name not in names)
        patch.setitem(codec._FIELDS, kind, kept)

    return plant


def _stretched_wait(patch: pytest.MonkeyPatch) -> None:
    real = codec._decode

    def decode(encoded: object, values: object) -> object:
        frame = real(encoded, values)  # type: ignore[arg-type]
        if isinstance(frame, WaitFrame):
            frame.until += 1
        return frame

    patch.setattr(codec, "_decode", decode)


def _frozen_with_a_call_in_flight(patch: pytest.MonkeyPatch) -> None:
    real = Run._freeze_when_quiet

    def freeze(run: Run) -> None:
        in_flight, run._in_flight = run._in_flight, 0
        real(run)
        run._in_flight = in_flight

    patch.setattr(Run, "_freeze_when_quiet", freeze)


def _nobody_told_of_cancellations(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Run, "report_cancelled", lambda _run, _task: None)


def _loop_one_short(patch: pytest.MonkeyPatch) -> None:
    real = for_each._items

    async def items(*arguments: object) -> list[object]:
        return list((await real(*arguments))[:-1])  # type: ignore[arg-type]

    patch.setattr(for_each, "_items", items)


def _one_retry_too_many(patch: pytest.MonkeyPatch) -> None:
    real = retry_schedule.may_retry

    async def may_retry(run: object, policy: object, tried: TryFrame, *rest: object) -> bool:
        tried.attempt -= 1
        try:
            return await real(run, policy, tried, *rest)  # type: ignore[arg-type]
        finally:
            tried.attempt += 1

    patch.setattr(try_catch, "may_retry", may_retry)


def _events_told_after_the_freeze(patch: pytest.MonkeyPatch) -> None:
    real = Run.report

    def report(run: Run, *arguments: object, **named: object) -> None:
        frozen, run.frozen = run.frozen, None
        real(run, *arguments, **named)  # type: ignore[arg-type]
        run.frozen = frozen

    patch.setattr(Run, "report", report)


PLANTS: dict[str, Plant] = {
    "the place in a list is forgotten": _forget(DoFrame, "index"),
    "an open task is forgotten": _forget(DoFrame, "child"),
    "the context is not in the tree": _forget(Tree, "context"),
    "the sequence starts again": _forget(Tree, "sequence"),
    "the workflow's deadline is forgotten": _forget(Tree, "deadline"),
    "the iteration is forgotten": _forget(ForFrame, "index"),
    "the loop's body is forgotten": _forget(ForFrame, "body"),
    "the attempt is forgotten": _forget(TryFrame, "attempt"),
    "the phase of a try is forgotten": _forget(TryFrame, "phase", "next_at"),
    "a task's deadline is forgotten": _forget(TaskFrame, "deadline"),
    "a body, and with it the end of a wait, is forgotten": _forget(TaskFrame, "body"),
    "the end of a call is forgotten, so it is made again": _forget(TaskFrame, "output"),
    "the winner is forgotten": _forget(ForkFrame, "winner"),
    "the first failure is forgotten": _forget(ForkFrame, "first_failure"),
    "what a branch gave is forgotten": _forget(BranchFrame, "output", "state"),
    "a wait gets longer by each drain": _stretched_wait,
    "the tree freezes while a call is in flight": _frozen_with_a_call_in_flight,
    "cancelled tasks are not reported": _nobody_told_of_cancellations,
    "a loop misses its last item": _loop_one_short,
    "a retry too many": _one_retry_too_many,
    "events are told after the freeze": _events_told_after_the_freeze,
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    PLANTS[name](monkeypatch)
    with pytest.raises((AssertionError, BrokenTree, NothingScheduled)) as found:
        _check(evaluator)
    print(f"{name}: {str(found.value)[:200]}")
