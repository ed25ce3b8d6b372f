"""Performs the cases of the language on a Temporal server, beside the in-process runtime. Run as a program, it
performs the named ones on a running test server of Temporal's, and writes what it found into a file as JSON:

    python tests/contract/conformance_on_temporal.py ADDRESS FILE 'reuse: a sub-workflow takes its time' ...
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from stigmer_engine.cases import AsyncioStage, Observation, PlannedCase, find_case_files, judge, read_cases
from stigmer_engine.cases.comparison import compare
from stigmer_engine.cases.model import Expectation
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import ObservedStart
from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal import Rules
from stigmer_engine.runtimes.temporal.stage import Performed, SharedTime, StageConfig, TemporalStage
from temporalio.client import WorkflowHistory

AT_ONCE: Final = 16
"""Cases performed side by side."""

HANGS: Final = 120
"""Seconds after which a case counts as stuck, so that the others are still told."""

FOREIGN_QUEUES: Final = ("payments", "q")
"""Task queues that cases name."""

Findings = Mapping[str, Sequence[str]]
"""What is wrong with each case, by its name; nothing for most."""


@cache
def cases() -> Mapping[str, PlannedCase]:
    """All cases, by file and name."""
    found = [
        case for path in find_case_files(Path(__file__).with_name("dsl")) for case in read_cases(path, source=path.name)
    ]
    return {f"{case.source.partition('.')[0]}: {case.name}": case for case in found}


def in_process(names: Iterable[str]) -> dict[str, Observation]:
    """The cases on the in-process runtime."""
    with AsyncioStage() as stage:
        return {name: stage.perform(cases()[name]) for name in names}


async def on_dev_server(
    address: str, plain: Mapping[str, Observation], *, cached: int = 1000, history_events: int = 0
) -> Findings:
    """Perform cases on a dev server, many at a time; each history is replayed too.

    Args:
        plain: how they went in process.
        cached: executions kept in memory.
        history_events: after which an execution continues as new; 0 for Temporal's advice.
    """
    with tempfile.TemporaryDirectory() as folder:
        rules = Rules(history_events=history_events)
        config = StageConfig(folder=Path(folder), foreign_queues=FOREIGN_QUEUES, cached=cached, rules=rules)
        async with TemporalStage(address, config) as stage:
            bound = asyncio.Semaphore(AT_ONCE)

            async def perform(name: str) -> tuple[Sequence[str], Sequence[WorkflowHistory]]:
                async with bound:
                    try:
                        async with asyncio.timeout(HANGS):
                            return await _findings(stage, cases()[name], plain[name])
                    except TimeoutError:
                        return [f"it came to no end in {HANGS} s"], []

            performed = dict(zip(plain, await asyncio.gather(*map(perform, plain)), strict=True))
            broken = await stage.replay([history for _, histories in performed.values() for history in histories])
            return {
                name: [*found, *(broken[history.run_id] for history in histories if history.run_id in broken)]
                for name, (found, histories) in performed.items()
            }


async def _findings(
    stage: TemporalStage, case: PlannedCase, plain: Observation
) -> tuple[Sequence[str], Sequence[WorkflowHistory]]:
    if case.case.expect.starts is not None:
        seen, histories = await _scheduled(stage, case, plain)
        return judge(case.case.expect, seen), histories
    performed = await stage.perform(case)
    seen = performed.observation
    found = [*judge(case.case.expect, seen), *compare(plain, seen), *_undelivered(performed)]
    return found, performed.histories


def _undelivered(performed: Performed) -> Iterable[str]:
    # A workflow task that was for nothing has delivered the same events, at its own time.
    delivered, events = ([replace(event, timestamp_ms=0) for event in some] for some in _told(performed))
    ended = performed.observation.status in ("completed", "failed", "cancelled")
    if delivered != (events if ended else events[: len(delivered)]):
        yield f"delivered: {delivered}\ninstead of {events}"


def _told(performed: Performed) -> tuple[Sequence[ProgressEvent], Sequence[ProgressEvent]]:
    return performed.delivered, performed.observation.events


async def _scheduled(
    stage: TemporalStage, case: PlannedCase, plain: Observation
) -> tuple[Observation, Sequence[WorkflowHistory]]:
    """A schedule is kept by an engine's process; what it starts runs on Temporal."""
    starts: list[ObservedStart] = []
    histories: list[WorkflowHistory] = []
    for start in plain.starts:
        left = max(seconds_of(case.case.until) - start.at, 1)
        update = {"input": start.input, "until": f"PT{left:g}S", "during": (), "expect": Expectation()}
        performed = await stage.perform(replace(case, case=case.case.model_copy(update=update)))
        seen = performed.observation
        starts.append(replace(start, status=seen.status, output=seen.output))
        histories.extend(performed.histories)
    return replace(plain, starts=tuple(starts)), histories


async def on_test_server(address: str, plain: Mapping[str, Observation]) -> Findings:
    """Perform cases on Temporal's test server, one after the other, in a time that all executions share."""
    with tempfile.TemporaryDirectory() as folder:
        async with TemporalStage(address, StageConfig(folder=Path(folder)), time=SharedTime) as stage:
            return {name: (await _findings(stage, cases()[name], plain[name]))[0] for name in plain}


if __name__ == "__main__":
    # Not the worker's tracebacks of calls that fail, as cases want them to.
    logging.disable(logging.WARNING)
    found = asyncio.run(on_test_server(sys.argv[1], in_process(sys.argv[3:])))
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
