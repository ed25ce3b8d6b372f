"""Signals and updates feed the tasks that listen; updates are answered; nothing is lost when an execution moves on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.events import EventType, Status
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution, WorkerConfig
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from packages.engine.tests.temporal_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

Handle = WorkflowHandle[object, object]

ONE = "do:\n- hear: {listen: {to: {one: {with: {type: TYPE}}}}}\n"
SUM = """
do:
  - hear:
      listen: {to: {any: [{with: {type: number}}], until: '${ length == 60 }'}}
  - told: {set: {numbers: '${ . }'}}
"""


def event(kind: str, data: JsonValue = None, **others: JsonValue) -> JsonObject:
    return {"specversion": "1.0", "id": "1", "source": "/tests", "type": kind, "data": data, **others}


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        yield opened


async def start(stage: Stage, text: str) -> tuple[TemporalExecution, Handle]:
    execution = await stage.executions.start(stage.load(text))
    return execution, stage.client.get_workflow_handle(execution.workflow_id)


async def listening(execution: TemporalExecution) -> None:
    async for told in execution.follow():
        if told.event_type is EventType.TASK_STARTED:
            return


async def output(execution: TemporalExecution) -> JsonValue:
    result = await execution.wait()
    assert result.status is Status.COMPLETED, result
    return result.output


async def test_the_signal_event_carries_a_cloud_event(stage: Stage) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "order"))
    await handle.signal("event", event("other", 1))
    await handle.signal("event", event("order", 2))
    assert await output(execution) == [2]


async def test_any_other_signal_is_an_event_of_that_type(stage: Stage) -> None:
    text = ONE.replace("TYPE", "approved").replace("}}}}}", "}}}, read: envelope}}")
    execution, handle = await start(stage, text)
    await handle.signal("approved", {"by": "Ann"})
    heard = await output(execution)
    assert isinstance(heard, list)
    (seen,) = heard
    assert isinstance(seen, dict)
    assert (seen["type"], seen["source"], seen["data"]) == ("approved", "/temporal/signal", {"by": "Ann"})
    assert seen["id"]


async def test_a_signal_that_the_document_names_by_kind_has_that_id(stage: Stage) -> None:
    """`{id, type: signal}` is what the converter makes of a SignalSpec."""
    text = "do:\n- hear: {listen: {to: {all: [{with: {id: a, type: signal}}, {with: {id: b, type: update}}]}}}\n"
    execution, handle = await start(stage, text)
    await handle.signal("b", "no update")
    await handle.signal("a", "signal a")
    assert await handle.execute_update("b", "update b") == {
        "consumed": True,
        "task": "/do/0/hear",
        "output": "update b",
    }
    assert await output(execution) == ["signal a", "update b"]


async def test_all_and_any_of_several_signals(stage: Stage) -> None:
    text = """
do:
  - both: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}, export: {as: .}}
  - either: {listen: {to: {any: [{with: {type: c}}, {with: {type: d}}]}}}
  - told: {set: {both: '${ $context }', either: '${ . }'}}
"""
    execution, handle = await start(stage, text)
    for name in ("d", "b", "a"):
        await handle.signal(name, name)
    assert await output(execution) == {"both": ["b", "a"], "either": ["d"]}


async def test_what_is_no_event_is_dropped_and_breaks_nothing(stage: Stage) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "go"))
    await handle.signal("event", {"specversion": "1.0", "type": "go"})
    await handle.signal("event", args=[event("go"), "one too many"])
    await handle.signal("event", "text")
    await handle.signal("event")
    await handle.signal("stigmer-go", "reserved")
    await handle.signal("stigmer-pause", args=["one", "too many"])
    await handle.signal("stigmer-cancel", {"not": "text"})
    await handle.signal("stigmer-attend")
    await handle.signal("go", args=["first", "second"])
    assert await output(execution) == ["first"]


async def test_bytes_and_no_argument(stage: Stage) -> None:
    text = "do:\n- hear: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n"
    execution, handle = await start(stage, text)
    await handle.signal("a", b"\x00\xff")
    await handle.signal("b")
    assert await output(execution) == ["AP8=", None]


async def test_an_update_is_answered_when_a_listener_has_consumed_it(stage: Stage) -> None:
    text = """
do:
  - first: {wait: {milliseconds: 1}}
  - hear:
      listen: {to: {any: [{with: {type: ask}}], until: '${ any(.last) }'}}
      foreach:
        item: asked
        do: [{answer: {set: {twice: '${ $asked.number * 2 }'}}}]
        output: {as: .twice}
"""
    execution, handle = await start(stage, text)
    # There is nobody who listens yet: it waits.
    for number in (4, 5):
        answer = await handle.execute_update("ask", {"number": number, "last": number == 5})
        assert answer == {"consumed": True, "task": "/do/1/hear", "output": number * 2}
    assert await output(execution) == [8, 10]


async def test_the_update_event_carries_a_cloud_event(stage: Stage) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "order"))
    assert await handle.execute_update("event", event("order", 2)) == {
        "consumed": True, "task": "/do/0/hear", "output": 2,
    }  # fmt: skip
    assert await output(execution) == [2]


async def test_an_update_that_nobody_wants_is_answered_at_the_end(stage: Stage) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "go"))
    await listening(execution)
    unwanted = asyncio.create_task(handle.execute_update("other", 1))
    while not (await handle.describe()).history_length > 6:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.05)
    await handle.signal("go", 1)
    assert await unwanted == {"consumed": False, "kept": False}
    await output(execution)


async def test_an_update_whose_round_faults_is_answered(stage: Stage) -> None:
    text = """
do:
  - guarded:
      try:
        - hear:
            listen: {to: {one: {with: {type: ask}}}}
            foreach:
              do: [{fail: {raise: {error: {type: 'https://example.com/no', status: 500}}}}]
      catch: {}
  - hear: {listen: {to: {one: {with: {type: go}}}}}
"""
    execution, handle = await start(stage, text)
    assert await handle.execute_update("ask", 1) == {"consumed": True, "task": "/do/0/guarded/try/0/hear"}
    await handle.signal("go")
    assert await output(execution) == [None]


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("event", [{"specversion": "1.0", "type": "go", "id": "1"}], "`source` is missing"),
        ("event", [], "carries 0 arguments"),
        ("event", ["text"], "is not an object"),
        ("stigmer-go", [1], "is not known to this version"),
    ],
)
async def test_an_update_that_is_no_event_is_refused(
    stage: Stage, name: str, arguments: list[JsonValue], why: str
) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "go"))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(name, args=arguments)
    assert why in str(refused.value.cause)
    await handle.signal("go")
    await output(execution)


async def test_an_update_of_a_document_that_never_listens_is_refused(stage: Stage) -> None:
    execution, handle = await start(stage, "do:\n- pause: {wait: {seconds: 60}}\n")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("go")
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "stigmer/no-listener"
    await execution.terminate()


async def test_an_update_of_an_ended_execution_is_refused(stage: Stage) -> None:
    execution, handle = await start(stage, ONE.replace("TYPE", "go"))
    await handle.signal("go")
    await output(execution)
    with pytest.raises(RPCError, match="completed"):
        await handle.execute_update("go")


async def test_a_query_that_the_document_names_shows_the_context(stage: Stage) -> None:
    text = """
do:
  - known: {set: {n: 1}, export: {as: .}}
  - hear: {listen: {to: {any: [{with: {id: progress, type: query}}, {with: {id: stop, type: signal}}]}}}
"""
    execution, handle = await start(stage, text)
    await listening(execution)
    assert await handle.query("progress") == {"n": 1}
    with pytest.raises(WorkflowQueryFailedError, match="there is no query 'other'"):
        await handle.query("other")
    await handle.signal("stop")
    assert await output(execution) == [None]


async def test_no_signal_is_lost_or_doubled_while_it_continues_as_new(stage: Stage) -> None:
    execution = await stage.with_rules(Rules(history_events=8)).start(stage.load(SUM))
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    for first in range(0, 60, 12):
        before = (await handle.describe()).run_id
        for burst in (first, first + 6):
            await asyncio.gather(*(handle.signal("number", burst + more) for more in range(6)))
        while first < 48 and (await handle.describe()).run_id == before:  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.02)
    found = await output(execution)
    assert isinstance(found, dict)
    assert sorted(found["numbers"]) == list(range(60))
    assert len(await stage.histories(execution)) > 3


async def test_no_update_is_lost_or_doubled_while_it_continues_as_new(stage: Stage) -> None:
    execution = await stage.with_rules(Rules(history_events=12)).start(stage.load(SUM))
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    answers: list[JsonValue] = []
    for number in range(0, 60, 6):
        answers += await asyncio.gather(*(handle.execute_update("number", number + more) for more in range(6)))
    found = await output(execution)
    assert isinstance(found, dict)
    assert sorted(found["numbers"]) == list(range(60))
    consumed = [answer["output"] for answer in answers if isinstance(answer, dict) and answer["consumed"]]
    assert len(set(map(str, consumed))) == len(consumed)
    assert all(answer["kept"] for answer in answers if isinstance(answer, dict) and not answer["consumed"])
    assert len(await stage.histories(execution)) > 3


async def test_messages_replay(temporal_address: str, tmp_path: Path) -> None:
    """Without a cache, every workflow task replays the history: ids of events and answers must come out the same."""
    text = """
do:
  - hear:
      listen: {to: {any: [{with: {type: a}}], until: '${ length == 3 }'}, read: envelope}
  - told: {set: {ids: '${ [.[].id] | unique | length }'}}
"""
    async with open_stage(temporal_address, tmp_path, worker=WorkerConfig(max_cached=0)) as stage:
        execution, handle = await start(stage, text)
        await handle.signal("a")
        answer = await handle.execute_update("a")
        assert isinstance(answer, dict)
        assert answer["consumed"] is True
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update("event", {})
        await handle.signal("a")
        assert await output(execution) == {"ids": 3}


async def test_an_update_that_waits_is_answered_when_the_execution_continues_as_new(stage: Stage) -> None:
    text = """
do:
  - on:
      for: {each: i, in: '${ [range(8)] }'}
      do: [{pause: {wait: {milliseconds: 20}}}]
  - hear: {listen: {to: {one: {with: {type: ask}}}}}
"""
    execution = await stage.with_rules(Rules(history_events=20)).start(stage.load(text))
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    assert await handle.execute_update("ask", "kept") == {"consumed": False, "kept": True}
    assert await output(execution) == ["kept"]
