"""One execution of very many steps on a Temporal dev server, and what its histories hold: `just long-run`.

    just long-run                                 100,000 calls in one `for`: the whole takes most of an hour
    just long-run --steps 100000 --kind set       100,000 `set` steps in one loop, with another execution beside it
    just long-run --steps 300 --history-events 200

Fails when the output is wrong, a run's history has no bound, the document is stored more than once, a sequence number
is missing, or a workflow task failed (as the deadlock detector makes one fail).
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stigmer_engine import Engine
from stigmer_engine.engine import EngineConfig
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.runtimes.temporal import (
    Rules,
    StartConfig,
    TemporalExecution,
    TemporalExecutions,
    TemporalWorker,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from stigmer_runner.temporal_server import open_dev_server
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from scripts.bench_temporal.peer import http_peer
from scripts.quiet_log import warnings_only

_MOST_EVENTS: Final = 20_000
"""Of one history. Temporal advises to continue as new long before; it warns at 10,240 and ends at 51,200."""

_DOCUMENT: Final = """
document: {dsl: '1.0.3', namespace: long, name: run, version: '1.0.0'}
do:
  - loop:
      for: {each: i, in: '${ [range(.steps)] }'}
      do:
        - step: STEP
      output: {as: '${ {last: .} }'}
"""
_STEPS: Final = {
    "call": "{call: http, with: {method: get, endpoint: 'PEER'}, output: {as: '${ $i }'}}",
    "set": "{set: '${ $i }'}",
}
_BESIDE: Final = """
document: {dsl: '1.0.3', namespace: long, name: beside, version: '1.0.0'}
do:
  - look: {set: {x: '${ .n + 1 }'}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the histories of one execution hold."""

    runs: int
    events: tuple[int, ...]
    sizes: tuple[int, ...]
    failed_tasks: int
    blobs: int
    seconds: float
    beside: int

    def lines(self, steps: int, kind: str) -> list[str]:
        """For people."""
        return [
            f"{steps} steps ({kind}) in {self.seconds:.1f} s, {self.seconds / steps * 1000:.2f} ms a step",
            f"runs: {self.runs}",
            f"events: {sum(self.events)} in all, at most {max(self.events)} a run",
            f"bytes of history: {sum(self.sizes)} in all, at most {max(self.sizes)} a run",
            f"blobs: {self.blobs}; failed workflow tasks: {self.failed_tasks}",
            f"other executions from start to end meanwhile: {self.beside}",
        ]


async def long_run(*, steps: int, kind: str, history_events: int = 0, follow: bool = False) -> Report:
    """Run it.

    Args:
        steps: iterations of the loop.
        kind: of the step: `call` or `set`.
        history_events: see `Rules`; 0 for Temporal's own advice.
        follow: whether to read every event when it is over, and look for gaps; old runs are replayed for that.

    Raises:
        AssertionError: something is not as it has to be.
    """
    rules = Rules(limits=Limits(max_steps=steps * 3 + 1000), history_events=history_events)
    async with _executions(rules) as (client, engine, executions, place):
        with http_peer() as peer:
            document = engine.load(_DOCUMENT.replace("STEP", _STEPS[kind]).replace("PEER", peer))
            beside = asyncio.ensure_future(_beside(executions, engine))
            began = time.perf_counter()
            execution = await executions.start(document, input={"steps": steps})
            result = await execution.wait()
            seconds = time.perf_counter() - began
            beside.cancel()
            others = await beside
        assert result.output == {"last": steps - 1}, result
        if follow:
            numbers = [event.sequence_number async for event in execution.follow()]
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) >= 2 * steps
        report = await _report(client, execution, place, seconds, others)
    assert max(report.events) <= _MOST_EVENTS, report
    assert report.failed_tasks == 0, report
    assert report.beside > 0, report
    return report


async def _beside(executions: TemporalExecutions, engine: Engine) -> int:
    """Run short executions, one after the other, until cancelled; how many have ended."""
    document = engine.load(_BESIDE)
    ended = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            result = await (await executions.start(document, input={"n": ended})).wait()
            ended = result.output["x"] if isinstance(result.output, dict) else 0
            await asyncio.sleep(1)
    return ended


@contextlib.asynccontextmanager
async def _executions(rules: Rules) -> AsyncIterator[tuple[Client, Engine, TemporalExecutions, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        async with open_dev_server() as server, Engine(EngineConfig()) as engine:
            services = workflow_services(engine)
            converter = data_converter(PayloadsConfig(place=place), on_text=prepare_outside(services))
            client = await Client.connect(server.address, data_converter=converter)
            async with TemporalWorker(client, engine, services):
                yield client, engine, TemporalExecutions(client, StartConfig(rules=rules)), place
            services.close()


async def _report(client: Client, execution: TemporalExecution, place: Path, seconds: float, beside: int) -> Report:
    events, sizes, failed, texts = [], [], 0, []
    run: str | None = None
    while True:
        handle = client.get_workflow_handle(execution.workflow_id, run_id=run)
        history = [event async for event in handle.fetch_history_events()]
        events.append(len(history))
        sizes.append(sum(event.ByteSize() for event in history))
        failed += sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED for event in history)
        started = history[0].workflow_execution_started_event_attributes
        texts.append(started.input.payloads[0].SerializeToString(deterministic=True))
        run = started.continued_execution_run_id
        if not run:
            break
    # Each run refers to the same blob, and holds no document of its own.
    assert len(set(texts)) == 1
    assert len(texts[0]) < 1000
    return Report(
        runs=len(events),
        events=tuple(reversed(events)),
        sizes=tuple(reversed(sizes)),
        failed_tasks=failed,
        blobs=await asyncio.to_thread(_files, place),
        seconds=seconds,
        beside=beside,
    )


def _files(place: Path) -> int:
    return sum(1 for file in place.rglob("*") if file.is_file())


def main(arguments: list[str] | None = None) -> int:
    """Run it, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m scripts.long_run", description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--kind", choices=sorted(_STEPS), default="call")
    parser.add_argument("--history-events", type=int, default=0, help="continue as new at about so many; 0: as advised")
    parser.add_argument("--follow", action="store_true", help="read every event afterwards, and look for gaps")
    given = parser.parse_args(arguments)
    warnings_only()
    report = asyncio.run(
        long_run(steps=given.steps, kind=given.kind, history_events=given.history_events, follow=given.follow)
    )
    print("\n".join(report.lines(given.steps, given.kind)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
