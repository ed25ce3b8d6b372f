"""Thousands of signals to one execution: all of them arrive, and no workflow task takes too long for Temporal."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.events import Status
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNALS = 5_000
AT_A_TIME = 200
RULES = (Rules(history_events=200), Rules())

UNTIL_COUNT = """
do:
  - hear: {listen: {to: {any: [{with: {type: number}}], until: '${ length == 5000 }'}}}
  - told: {set: {numbers: '${ sort }'}}
"""
FOREACH = """
do:
  - hear:
      listen: {to: {any: [{with: {type: number}}], until: {one: {with: {type: stop}}}}}
      foreach: {item: number, do: [{doubled: {set: {twice: '${ $number * 2 }'}}}], output: {as: .twice}}
  - told: {set: {numbers: '${ sort }'}}
"""
DEAF = """
do:
  - pause: {wait: {seconds: 3}}
  - told: {set: {done: true}}
"""


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        yield opened


async def start(stage: Stage, text: str, rules: Rules) -> TemporalExecution:
    return await stage.with_rules(rules).start(stage.load(text))


async def flood(stage: Stage, execution: TemporalExecution) -> None:
    """Send all signals, many at a time."""
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    numbers = iter(range(SIGNALS))

    async def send() -> None:
        for number in numbers:
            await handle.signal("number", number)

    await asyncio.gather(*(send() for _ in range(AT_A_TIME)))


async def output(execution: TemporalExecution) -> JsonValue:
    result = await execution.wait()
    assert result.status is Status.COMPLETED, result.error
    return result.output


@pytest.mark.parametrize("rules", RULES, ids=["moving-on", "staying"])
async def test_a_listener_that_counts_hears_all(stage: Stage, rules: Rules) -> None:
    execution = await start(stage, UNTIL_COUNT, rules)
    await flood(stage, execution)
    assert await output(execution) == {"numbers": list(range(SIGNALS))}
    # What has been heard stands in history before all of it has: a task of Temporal's has an end.
    assert sum(kinds(history)["TIMER_STARTED"] for history in await stage.histories(execution)) > 0


@pytest.mark.parametrize("rules", RULES, ids=["moving-on", "staying"])
async def test_foreach_goes_through_all(stage: Stage, rules: Rules) -> None:
    execution = await start(stage, FOREACH, rules)
    await flood(stage, execution)
    await stage.client.get_workflow_handle(execution.workflow_id).signal("stop")
    assert await output(execution) == {"numbers": [number * 2 for number in range(SIGNALS)]}


@pytest.mark.parametrize("rules", RULES, ids=["moving-on", "staying"])
async def test_a_document_that_does_not_listen_goes_on(stage: Stage, rules: Rules) -> None:
    execution = await start(stage, DEAF, rules)
    await flood(stage, execution)
    assert await output(execution) == {"done": True}
