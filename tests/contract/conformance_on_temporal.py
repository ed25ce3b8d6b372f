"""Performs the cases of the language on a Temporal server, beside the in-process runtime. Run as a program, it
performs the named ones on a running test server of Temporal's, and writes what it found into a file as JSON:

    python -m tests.contract.conformance_on_temporal ADDRESS FILE 'reuse: a sub-workflow takes its time' ...
"""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

from packages.engine.tests.temporal_server import start_dev_server

AT_ONCE: Final = 8
"""Cases performed side by side: each of the first ones starts a child process for jq, and all of them at once."""

HANGS: Final = 300
"""Seconds after which a case counts as stuck, so that the others are still told."""

FOREIGN_QUEUES: Final = ("payments", "q")
"""Task queues that cases name."""

SHARED_TIME: Final = ("reuse: a sub-workflow takes its time", "reuse: a timeout cancels the sub-workflow")
"""Cases in which the parent's time counts while its sub-workflow waits."""

SERVER: Final[Mapping[str, str]] = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # How much later than asked a timer may go off; a second by default, for each of thousands.
    "history.timerProcessorMaxTimeShift": '"10ms"',
}
"""Configuration of a dev server that jumps over time."""

Findings = Mapping[str, Sequence[str]]
"""What is wrong with each case, by its name; nothing for most."""


@cache
def cases() -> Mapping[str, PlannedCase]:
    """All cases, by file and name."""
    found = [
        case for path in find_case_files(Path(__file__).with_name("dsl")) for case in read_cases(path, source=path.name)
    ]
    return {f"{case.source.partition('.')[0]}: {case.name}": case for case in found}


@cache
def in_own_time() -> Sequence[str]:
    """The names of the cases that run on a dev server, where each execution has a time of its own."""
    return tuple(name for name in cases() if name not in SHARED_TIME)


def in_process(names: Iterable[str]) -> dict[str, Observation]:
    """The cases on the in-process runtime."""
    with AsyncioStage() as stage:
        return {name: stage.perform(cases()[name]) for name in names}


def on_dev_server(names: Sequence[str], *, cached: int = 1000, history_events: int = 0) -> Findings:
    """Perform cases on a dev server of their own, many at a time; each history is replayed too.

    Args:
        names: of the cases.
        cached: executions kept in memory.
        history_events: after which an execution continues as new; 0 for Temporal's advice.
    """
    plain = in_process(names)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        rules = Rules(history_events=history_events)
        config = StageConfig(folder=Path(folder), foreign_queues=FOREIGN_QUEUES, cached=cached, rules=rules)
        return asyncio.run(_on_dev_server(plain, config))


def told(name: str, findings: Findings) -> str:
    """What is wrong with a case, with its place."""
    return "\n".join((f"{cases()[name].source}:{cases()[name].line}", *findings[name]))


async def _on_dev_server(plain: Mapping[str, Observation], config: StageConfig) -> Findings:
    async with start_dev_server(dynamic_config=SERVER) as address, TemporalStage(address, config) as stage:
        bound = asyncio.Semaphore(AT_ONCE)

        async def perform(name: str) -> tuple[Sequence[str], Sequence[WorkflowHistory]]:
            async with bound:
                try:
                    async with asyncio.timeout(HANGS):
                        return await _findings(stage, cases()[name], plain[name])
                except TimeoutError:
                    return [f"it came to no end in {HANGS} s"], []
                except Exception as error:
                    return ["it could not be performed:", *traceback.format_exception(error)], []

        performed = dict(zip(plain, await asyncio.gather(*map(perform, plain)), strict=True))
        broken = await stage.replay([history for _, histories in performed.values() for history in histories])
        return {
            name: [*found, *(broken[history.run_id] for history in histories if history.run_id in broken)]
            for name, (found, histories) in performed.items()
        }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Calls that fail, as cases want them to, are no news."""
    logger = logging.getLogger("temporalio")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


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
