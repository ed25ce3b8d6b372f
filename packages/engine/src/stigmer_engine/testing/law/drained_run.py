"""One run of a case, drained wherever the plan says: each time through JSON text into a fresh interpreter."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import Evaluator
from stigmer_engine.frames import Tree, decode_tree
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.outcome import Completed, Faulted, Frozen
from stigmer_engine.testing.law.documents import Case
from stigmer_engine.testing.law.expectation import Ending
from stigmer_engine.testing.law.law_broken import LawBroken
from stigmer_engine.testing.scripted_runtime import Call, ScriptedRuntime
from stigmer_engine.testing.virtual_time import run_virtual, virtual_clock

_MOST_DRAINS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainPlan:
    """When to drain.

    Attributes:
        after_events: sequence numbers after which a drain is asked for, in the same step.
        everywhere: after every event.
        at_seconds: times from the start.
        at_evaluations: which evaluations, counted from 1, a drain is asked for in; these then give way to the loop.
        giving_way: whether every evaluation gives way to the loop, as a slow one does; then trees freeze in
            the middle of a task, too.
        downtime: seconds between a freeze and the next interpreter.
    """

    after_events: frozenset[int] = frozenset()
    everywhere: bool = False
    at_seconds: tuple[float, ...] = ()
    at_evaluations: frozenset[int] = frozenset()
    giving_way: bool = False
    downtime: float = 0.0


@dataclass(slots=True, kw_only=True)
class Record:
    """What a run left behind: its ending, events and calls, every frozen tree, and how much it evaluated."""

    ending: Ending
    evaluations: int
    events: list[ProgressEvent]
    calls: list[Call]
    trees: list[JsonObject] = field(default_factory=list)


def run_case(case: Case, evaluator: Evaluator, plan: DrainPlan | None = None) -> Record:
    """Run a case on virtual time. The evaluator must have no patience, so that it blocks."""
    return run_virtual(_run(case, evaluator, plan or DrainPlan()))


async def _run(case: Case, evaluator: Evaluator, plan: DrainPlan) -> Record:
    runtime = ScriptedRuntime(evaluator=evaluator, script=case.script)
    tree = Tree(execution_id="wex-law", nonce="law", started_at=virtual_clock(), raw_input=case.input)
    interpreter = Interpreter(prepared=case.prepared, runtime=runtime, tree=tree)
    trees: list[JsonObject] = []

    def on_publish(event: ProgressEvent) -> None:
        if plan.everywhere or event.sequence_number in plan.after_events:
            interpreter.drain()

    def on_evaluate(number: int) -> bool:
        if number in plan.at_evaluations:
            interpreter.drain()
        return plan.giving_way or number in plan.at_evaluations

    runtime.on_publish = on_publish
    runtime.on_evaluate = on_evaluate

    def drain_the_present_one() -> None:
        interpreter.drain()

    loop = asyncio.get_running_loop()
    for seconds in plan.at_seconds:
        loop.call_later(seconds, drain_the_present_one)
    while True:
        ending = await interpreter.run()
        if not isinstance(ending, Frozen):
            break
        if len(trees) > _MOST_DRAINS:
            raise LawBroken(f"no end: still running after {_MOST_DRAINS} drains")
        trees.append(json.loads(json.dumps(ending.tree)))
        tree = decode_tree(trees[-1])
        await asyncio.sleep(plan.downtime)
        interpreter = Interpreter(prepared=case.prepared, runtime=runtime, tree=tree)
    match ending:
        case Completed(output, _):
            assert isinstance(output, int)
            result = Ending(value=output)
        case Faulted(error, _):
            result = Ending.failed(error)
        case _:
            raise AssertionError(f"nobody cancelled, yet the run ended as {ending}")
    return Record(
        ending=result, evaluations=runtime.evaluations, events=runtime.events, calls=runtime.calls, trees=trees
    )
