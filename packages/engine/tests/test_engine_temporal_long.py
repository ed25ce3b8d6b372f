"""Executions continue as new anywhere, and nobody can tell from what they do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from stigmer_dsl.json_types import JsonObject
from stigmer_engine.events import EventType, Status
from stigmer_engine.runtimes.temporal import Rules, TemporalExecution
from stigmer_engine.testing.runs import ServeHttp
from temporalio.api.history.v1 import HistoryEvent

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage
from scripts.long_run import long_run

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 40
OFTEN = Rules(history_events=LIMIT)
# What may come before the next boundary: calls under way in all branches, and the events of what was asked for.
SLACK = 30


class Peer:
    """Answers with what it was asked, and fails the first three times at `/flaky`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]
        self.asked.append(request.url.path)
        response: Response = JSONResponse({"path": request.url.path})
        if request.url.path == "/flaky" and self.asked.count("/flaky") <= 3:
            response = Response(status_code=503)
        await response(request.scope, request.receive, send)  # type: ignore[arg-type]


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        yield opened


CALL = "{call: http, with: {method: get, endpoint: 'PEER/%s'}, output: {as: .path}}"

DOCUMENTS = {
    "loop": f"""
do:
  - loop:
      for: {{each: i, in: '${{ [range(25)] }}'}}
      do:
        - ask: {CALL % "${ $i }"}
        - keep: {{set: '${{ . }}', export: {{as: '${{ $context + {{($i | tostring): .}} }}'}}}}
      output: {{as: $context}}
""",
    "nested loops": f"""
do:
  - outer:
      for: {{each: i, in: '${{ [range(5)] }}'}}
      do:
        - inner:
            for: {{each: j, in: '${{ [range(5)] }}'}}
            while: '${{ $j < 4 }}'
            do:
              - ask: {CALL % "${ $i }/${ $j }"}
              - keep: {{set: '${{ . }}', export: {{as: '${{ $context + {{all: (($context.all // []) + [.])}} }}'}}}}
      output: {{as: $context}}
""",
    "fork": f"""
do:
  - both:
      fork:
        branches:
          - left:
              for: {{each: i, in: '${{ [range(12)] }}'}}
              do:
                - ask: {CALL % "left/${ $i }"}
          - right:
              for: {{each: i, in: '${{ [range(12)] }}'}}
              do:
                - ask: {CALL % "right/${ $i }"}
                - rest: {{wait: {{milliseconds: 1}}, if: '${{ $i == 5 }}'}}
""",
    "compete": f"""
do:
  - race:
      fork:
        compete: true
        branches:
          - slow: {{wait: {{minutes: 5}}}}
          - quick:
              for: {{each: i, in: '${{ [range(20)] }}'}}
              do:
                - ask: {CALL % "${ $i }"}
          - deaf: {{listen: {{to: {{one: {{with: {{type: never}}}}}}}}}}
""",
    "jump": f"""
do:
  - ask: {CALL % "ask"}
  - count: {{set: {{n: '${{ ($context.n // 0) + 1 }}'}}, export: {{as: '${{ {{n: .n}} }}'}}}}
  - again: {{switch: [{{more: {{when: '${{ .n < 20 }}', then: ask}}}}, {{enough: {{then: end}}}}]}}
""",
}


async def _seen(execution: TemporalExecution, after: int = 0) -> list[int]:
    return [event.sequence_number async for event in execution.follow(after)]


async def _check_runs(stage: Stage, execution: TemporalExecution, least: int = 2) -> list[list[HistoryEvent]]:
    """There were several runs, none with a long history, and the document lies in the store once."""
    histories = await stage.histories(execution)
    assert len(histories) >= least
    assert max(map(len, histories)) <= LIMIT + SLACK
    definitions = {run[0].workflow_execution_started_event_attributes.input.payloads[0].data for run in histories}
    assert len(definitions) == 1
    assert stage.blobs() == 1
    numbers = await _seen(execution)
    assert numbers == list(range(1, len(numbers) + 1))
    middle = len(numbers) // 2
    assert await _seen(execution, middle) == numbers[middle:]
    assert sum(kinds(run)["WORKFLOW_TASK_FAILED"] for run in histories) == 0
    return histories


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_continuing_as_new_changes_nothing(stage: Stage, serve: ServeHttp, name: str) -> None:
    peer = Peer()
    async with serve(peer) as url:
        document = stage.load(DOCUMENTS[name].replace("PEER", url))
        here = stage.engine.start(document)
        expected = (await here.wait()).output
        asked = sorted(peer.asked)
        peer.asked.clear()
        execution = await stage.with_rules(OFTEN).start(document)
        result = await execution.wait()
    assert result.output == expected
    # No call was made twice, and none was left out.
    assert sorted(peer.asked) == asked
    await _check_runs(stage, execution)
    events = [event async for event in execution.follow()]
    assert sorted((e.event_type, e.task_reference) for e in events) == sorted(
        (e.event_type, e.task_reference) for e in here.log.events
    )


async def test_a_retry_is_carried(stage: Stage, serve: ServeHttp) -> None:
    text = f"""
do:
  - both:
      fork:
        branches:
          - flaky:
              try: [{{ask: {CALL % "flaky"}}}]
              catch: {{retry: {{delay: {{seconds: 3}}, limit: {{attempt: {{count: 5}}}}}}}}
          - busy:
              for: {{each: i, in: '${{ [range(25)] }}'}}
              do: [{{ask: {CALL % "${ $i }"}}}]
"""
    peer = Peer()
    async with serve(peer) as url:
        execution = await stage.with_rules(OFTEN).start(stage.load(text.replace("PEER", url)))
        result = await execution.wait()
    assert result.output == ["/flaky", "/24"]
    assert peer.asked.count("/flaky") == 4
    await _check_runs(stage, execution)
    events = [event async for event in execution.follow()]
    assert [event.attempt for event in events if event.event_type is EventType.TASK_RETRY] == [2, 3, 4]


def _event(number: int) -> JsonObject:
    return {"specversion": "1.0", "id": str(number), "source": "/tests", "type": "tick", "data": number}


async def test_events_that_wait_for_a_listener_are_carried(stage: Stage) -> None:
    text = """
do:
  - busy: {for: {each: i, in: '${ [range(15)] }'}, do: [{rest: {wait: {milliseconds: 1}}}]}
  - hear: {listen: {to: {all: [{with: {type: tick, data: 3}}, {with: {type: tick, data: 1}}]}}}
  - rest: {listen: {to: {any: [], until: '${ length == 3 }'}}}
"""
    execution = await stage.with_rules(OFTEN).start(stage.load(text.replace("rest: {listen", "left: {listen")))
    for number in range(1, 6):
        await execution.deliver(_event(number))
    result = await execution.wait()
    assert sorted(result.output if isinstance(result.output, list) else []) == [2, 4, 5]
    await _check_runs(stage, execution)


LOOP = """
do: [{busy: {for: {each: i, in: '${ [range($workflow.input.n)] }'}, do: [{rest: {wait: {milliseconds: 1}}}]}}]
"""


async def _until_runs(stage: Stage, execution: TemporalExecution, least: int) -> None:
    while len(await stage.histories(execution)) < least:  # noqa: ASYNC110 - Temporal has no event for it
        await asyncio.sleep(0.05)


async def test_a_pause_is_carried(stage: Stage) -> None:
    listens = LOOP.replace("do: [{busy", "do: [{hear: {listen: {to: {one: {with: {type: tick}}}}}}, {busy")
    execution = await stage.with_rules(OFTEN).start(stage.load(listens), input={"n": 3})
    await execution.pause("coffee")
    for number in range(2 * LIMIT):
        await execution.deliver(_event(number))
    await _until_runs(stage, execution, 2)
    assert (await execution.snapshot()).status is Status.PAUSED
    await execution.resume()
    assert (await execution.wait()).status is Status.COMPLETED
    events = [event async for event in execution.follow()]
    assert [e.sequence_number for e in events] == list(range(1, len(events) + 1))
    changes = (EventType.WORKFLOW_PAUSED, EventType.WORKFLOW_RESUMED, EventType.WORKFLOW_COMPLETED)
    assert tuple(e.event_type for e in events if e.event_type in changes) == changes


@pytest.mark.parametrize("force", [False, True])
async def test_a_cancellation_in_that_moment_is_not_lost(stage: Stage, force: bool) -> None:
    started = [
        await stage.with_rules(Rules(history_events=20)).start(stage.load(LOOP), input={"n": 500}) for _ in range(8)
    ]

    async def cancel(number: int, execution: TemporalExecution) -> None:
        # Each of them a little later than the one before, in the second in which a new run begins.
        await _until_runs(stage, execution, 2)
        await asyncio.sleep(number * 0.3)
        await execution.cancel("now", force=force)
        assert (await execution.wait()).status is Status.CANCELLED
        events = [event async for event in execution.follow()]
        assert [e.sequence_number for e in events] == list(range(1, len(events) + 1))
        assert events[-1].event_type is EventType.WORKFLOW_CANCELLED

    await asyncio.gather(*(cancel(number, execution) for number, execution in enumerate(started)))


async def test_signals_in_that_moment_are_not_lost(stage: Stage) -> None:
    text = "do: [{hear: {listen: {to: {any: [], until: '${ length == 120 }'}}}}]\n"
    execution = await stage.with_rules(Rules(history_events=20)).start(stage.load(text))
    for first in range(0, 120, 10):
        await asyncio.gather(*(execution.deliver(_event(number)) for number in range(first, first + 10)))
        await asyncio.sleep(0.2)
    result = await execution.wait()
    assert sorted(result.output if isinstance(result.output, list) else []) == list(range(120))
    assert len(await stage.histories(execution)) > 2


async def test_what_began_at_one_version_ends_at_it(stage: Stage) -> None:
    text = LOOP.replace("1}}}]", "1}, output: {as: 'VERSION'}}}]")
    first = stage.load(text.replace("VERSION", '"one"'))
    second = stage.engine.load(
        "document: {dsl: '1.0.3', namespace: tests, name: document, version: '2.0.0'}\n"
        + text.replace("VERSION", '"two"')
    )
    stage.engine.documents.register(first)
    execution = await stage.with_rules(OFTEN).start(first, input={"n": 15})
    await _until_runs(stage, execution, 2)
    stage.engine.documents.register(second)
    newer = await stage.with_rules(OFTEN).start(second, input={"n": 1})
    assert (await execution.wait()).output == "one"
    assert (await newer.wait()).output == "two"


async def test_hundreds_of_calls_in_one_loop_have_bounded_histories() -> None:
    report = await long_run(steps=250, kind="call", history_events=300, follow=True)
    assert report.runs >= 4
    assert max(report.events) < 350
    # The document, and the collection of the loop where that is large.
    assert report.blobs < 10


async def test_many_steps_without_a_call_let_others_have_a_turn() -> None:
    report = await long_run(steps=20_000, kind="set")
    assert report.failed_tasks == 0
    assert report.beside > 0
