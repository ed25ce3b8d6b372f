"""A timeout that is found expired on re-entry closes what was open, in the lists of extensions too."""

import asyncio
import json

from stigmer_dsl import load
from stigmer_engine.expressions import Evaluator, EvaluatorConfig
from stigmer_engine.frames import Tree, decode_tree
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.outcome import Faulted, Frozen
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.testing import ScriptedRuntime, run_virtual
from stigmer_engine.testing.virtual_engine import HEADER
from stigmer_engine.testing.virtual_time import virtual_clock

DOCUMENT = (
    HEADER
    + """
use:
  extensions:
    - slow:
        extend: set
        before:
          - hold: {wait: {seconds: 10}}
do:
  - extended:
      timeout: {after: {seconds: 5}}
      set: {done: true}
"""
)


async def ended_after(pause: float) -> list[tuple[str, str, str]]:
    """Freeze the run in the extension's wait, leave it alone, and go on from the tree; every event told."""
    with_blocking_evaluation = EvaluatorConfig(patience_seconds=None)
    async with Evaluator(with_blocking_evaluation) as evaluator:
        runtime = ScriptedRuntime(evaluator=evaluator)
        prepared = PreparedDocument(load(DOCUMENT))
        tree = Tree(execution_id="e", nonce="n", started_at=virtual_clock(), raw_input={})
        first = Interpreter(prepared=prepared, runtime=runtime, tree=tree)
        running = asyncio.ensure_future(first.run())
        await asyncio.sleep(1)
        first.drain()
        frozen = await running
        assert isinstance(frozen, Frozen)
        await asyncio.sleep(pause)
        tree = decode_tree(json.loads(json.dumps(frozen.tree)))
        ending = await Interpreter(prepared=prepared, runtime=runtime, tree=tree).run()
        assert isinstance(ending, Faulted)
        return [(event.event_type, event.task_name, event.status) for event in runtime.events]


def test_the_open_task_of_an_extension_is_told_as_cancelled() -> None:
    late, in_time = run_virtual(ended_after(60)), run_virtual(ended_after(0))
    assert ("task_failed", "hold", "cancelled") in late
    assert late == in_time
