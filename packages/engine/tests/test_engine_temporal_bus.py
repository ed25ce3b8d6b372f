"""An event reaches the executions that listen to it: the emitting one, others wherever they run, and nobody twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import EngineConfig
from stigmer_engine.events import Status
from stigmer_engine.faults import Fault, fault
from stigmer_engine.runtimes.temporal import Rules, TemporalBus, TemporalExecution, TemporalExecutions
from stigmer_engine.runtimes.temporal.listened_types import listened_types
from temporalio.client import Client

from packages.engine.tests.temporal_server import start_dev_server
from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAR = "do:\n- hear: {listen: {to: {one: {with: {type: TYPE}}}}}\n"
TELL = "do:\n- tell: {emit: {event: {with: {type: TYPE, source: /tests, data: '${ .data }'}}}}\n"


def event(kind: str, data: JsonValue = None) -> JsonObject:
    return {"specversion": "1.0", "id": "1", "source": "/tests", "type": kind, "data": data}


@contextlib.asynccontextmanager
async def staged(address: str, place: Path, bus: TemporalBus) -> AsyncIterator[Stage]:
    async with open_stage(address, place, config=EngineConfig(bus=bus)) as stage:
        bus.connect(stage.client)
        try:
            yield stage
        finally:
            await bus.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(temporal_address, tmp_path, TemporalBus(settle_seconds=0.5)) as opened:
        yield opened


async def listed(stage: Stage, *executions: TemporalExecution) -> None:
    """Wait until visibility knows them."""
    wanted = {execution.workflow_id for execution in executions}
    while not wanted <= {found.id async for found in stage.client.list_workflows("ExecutionStatus = 'Running'")}:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.05)


async def output(execution: TemporalExecution) -> JsonValue:
    result = await execution.wait()
    assert result.status is Status.COMPLETED, result
    return result.output


async def signals(stage: Stage, execution: TemporalExecution) -> int:
    return sum(kinds(run)["WORKFLOW_EXECUTION_SIGNALED"] for run in await stage.histories(execution))


async def test_an_emitted_event_reaches_other_executions_and_only_those_that_may_want_it(stage: Stage) -> None:
    hearing = await stage.executions.start(stage.load(HEAR.replace("TYPE", "one.first")))
    other = await stage.executions.start(stage.load(HEAR.replace("TYPE", "one.other")))
    pattern = await stage.executions.start(stage.load(HEAR.replace("TYPE", "'one[.]f.*'")))
    await listed(stage, hearing, other, pattern)
    await output(await stage.executions.start(stage.load(TELL.replace("TYPE", "one.first")), input={"data": 7}))
    assert await output(hearing) == [7]
    assert await output(pattern) == [7]
    assert await signals(stage, other) == 0
    await other.terminate()


async def test_an_execution_gets_its_own_event_once(stage: Stage) -> None:
    text = """
do:
  - both:
      fork:
        branches:
          - hear: {listen: {to: {any: [{with: {type: own}}], until: '${ length == 2 }'}}}
          - tell:
              do:
                - first: {emit: {event: {with: {type: own, source: /tests, data: 1}}}}
                - pause: {wait: {seconds: 2}}
                - second: {emit: {event: {with: {type: own, source: /tests, data: 2}}}}
  - told: {set: {heard: '${ .[0] }'}}
"""
    execution = await stage.executions.start(stage.load(text))
    assert await output(execution) == {"heard": [1, 2]}
    assert await signals(stage, execution) == 0


async def test_an_event_waits_for_a_listener_that_opens_later(stage: Stage) -> None:
    text = TELL.replace("TYPE", "mine") + HEAR.replace("TYPE", "mine").removeprefix("do:\n")
    assert await output(await stage.executions.start(stage.load(text), input={"data": "kept"})) == ["kept"]


async def test_an_event_from_outside_reaches_subscribers_and_executions(temporal_address: str, tmp_path: Path) -> None:
    heard: list[JsonObject] = []
    sunk: list[JsonObject] = []

    class Sink:
        async def publish(self, event: JsonObject) -> None:
            sunk.append(event)

    bus = TemporalBus(sink=Sink(), settle_seconds=0.5)
    bus.subscribe(heard.append)
    async with staged(temporal_address, tmp_path, bus) as stage:
        hearing = [await stage.executions.start(stage.load(HEAR.replace("TYPE", name))) for name in ("in.a", "in.b")]
        await listed(stage, *hearing)
        bus.receive(event("in.a", 1))
        await bus.deliver(event("in.b", 2))
        assert [await output(execution) for execution in hearing] == [[1], [2]]
        await bus.publish(event("in.c", 3))
    assert [told["type"] for told in heard] == ["in.b", "in.a", "in.c"] or [told["type"] for told in heard] == [
        "in.a", "in.b", "in.c",
    ]  # fmt: skip
    assert [told["type"] for told in sunk] == ["in.c"]


async def test_many_events_at_once_reach_everybody_in_order(stage: Stage) -> None:
    text = "do:\n- hear: {listen: {to: {any: [{with: {type: many}}], until: '${ length == 40 }'}}}\n"
    hearing = [await stage.executions.start(stage.load(text)) for _ in range(3)]
    await listed(stage, *hearing)
    assert isinstance(stage.engine.bus, TemporalBus)
    await asyncio.gather(*(stage.engine.bus.deliver(event("many", number)) for number in range(40)))
    assert [await output(execution) for execution in hearing] == [list(range(40))] * 3


async def test_an_execution_that_had_just_started_gets_the_event(stage: Stage) -> None:
    """Visibility may not know it yet: then the second look does."""
    assert isinstance(stage.engine.bus, TemporalBus)
    hearing = [await stage.executions.start(stage.load(HEAR.replace("TYPE", "soon"))) for _ in range(5)]
    await stage.engine.bus.deliver(event("soon", "heard"))
    assert [await output(execution) for execution in hearing] == [["heard"]] * 5
    assert [await signals(stage, execution) for execution in hearing] == [1] * 5


async def test_an_execution_that_continues_as_new_misses_nothing(stage: Stage) -> None:
    text = "do:\n- hear: {listen: {to: {any: [{with: {type: long}}], until: '${ length == 30 }'}}}\n"
    execution = await stage.with_rules(Rules(history_events=10)).start(stage.load(text))
    await listed(stage, execution)
    assert isinstance(stage.engine.bus, TemporalBus)
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    for first in (0, 10, 20):
        run = (await handle.describe()).run_id
        for number in range(first, first + 10):
            await stage.engine.bus.deliver(event("long", number))
        while first < 20 and (await handle.describe()).run_id == run:  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.02)
    assert await output(execution) == list(range(30))
    assert len(await stage.histories(execution)) > 2


async def test_a_sub_workflow_is_found_too(stage: Stage) -> None:
    stage.engine.documents.register(stage.load(HEAR.replace("TYPE", "to.child"), "hearing-child"))
    parent = "do:\n- child: {run: {workflow: {namespace: tests, name: hearing-child, version: '1.0.0'}}}\n"
    execution = await stage.executions.start(stage.load(parent, "parent"))
    child = stage.executions.find(f"{execution.id}/1")
    await listed(stage, child)
    assert isinstance(stage.engine.bus, TemporalBus)
    while (await child.snapshot()).sequence_number < 2:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.05)
    await stage.engine.bus.deliver(event("to.child", "heard"))
    assert await output(execution) == ["heard"]


async def test_an_event_that_the_sink_refuses_reaches_nobody(temporal_address: str, tmp_path: Path) -> None:
    class Refusing:
        async def publish(self, event: JsonObject) -> None:
            raise fault("communication", "Nobody took the event", str(event["type"]))

    async with staged(temporal_address, tmp_path, TemporalBus(sink=Refusing())) as stage:
        text = TELL.replace("TYPE", "refused") + HEAR.replace("TYPE", "refused").removeprefix("do:\n")
        result = await (await stage.executions.start(stage.load(text), input={"data": 1})).wait()
        assert result.error is not None
        assert result.error.type.endswith("/communication")


@pytest.mark.extended
async def test_a_server_that_is_gone_is_a_communication_error(tmp_path: Path) -> None:
    del tmp_path
    async with start_dev_server() as address:
        client = await Client.connect(address)
    bus = TemporalBus(client)
    with pytest.raises(Fault) as gone:
        await bus.publish(event("nobody"))
    assert gone.value.error.type.endswith("/communication")
    await bus.close()


@pytest.mark.parametrize("bus_knows", [False, True])
async def test_without_search_attributes_the_memo_tells_who_listens(
    temporal_address: str, tmp_path: Path, bus_knows: bool
) -> None:
    bus = TemporalBus(settle_seconds=0.5)
    async with staged(temporal_address, tmp_path, bus) as stage:
        executions = TemporalExecutions(stage.client)
        _forget_attributes(executions._attributes)
        assert bus._executions is not None
        if not bus_knows:
            _forget_attributes(bus._executions._attributes)
        hearing = await executions.start(stage.load(HEAR.replace("TYPE", "by.memo")))
        other = await executions.start(stage.load(HEAR.replace("TYPE", "by.other")))
        await listed(stage, hearing, other)
        await bus.deliver(event("by.memo", 1))
        assert await output(hearing) == [1]
        assert await signals(stage, other) == 0
        await other.terminate()


def _forget_attributes(attributes: object) -> None:
    """As on a server where nobody may list them."""
    vars(attributes).update(_until=float("inf"), _known=None)


@pytest.mark.parametrize(
    ("strategy", "types"),
    [
        ({"one": {"with": {"type": "a"}}}, ("a",)),
        ({"any": [{"with": {"type": "b"}}, {"with": {"type": "a"}}], "until": {"one": {"with": {"type": "c"}}}},
         ("a", "b", "c")),
        ({"all": [{"with": {"type": "a"}}, {"with": {"source": "/x"}}]}, ("*",)),
        ({"one": {"with": {"type": "a.*"}}}, ("*",)),
        ({"one": {"with": {"type": "${ .type }"}}}, ("*",)),
        ({"any": []}, ("*",)),
    ],
)  # fmt: skip
async def test_the_types_that_a_document_listens_to(strategy: JsonObject, types: tuple[str, ...]) -> None:
    raw: JsonObject = {"do": [{"loop": {"for": {}, "do": [{"hear": {"listen": {"to": strategy}}}]}}]}
    assert listened_types(raw) == types
    assert listened_types({**raw, "use": {"functions": {"f": {"call": "far:1.0.0@catalog"}}}}) == ("*",)
