"""Events reported to a Stigmer service: the same as streamed, and no endpoint can change a run."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from stigmer_callback.testing import RecordingReceiver
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
WORK = HEADER + (
    "do:\n"
    "  - loop: {for: {each: i, in: '${ [range(20)] }'}, do: [{step: {set: {n: '${ $i }'}}}]}\n"
    "  - fetch: {try: [{fail: {raise: {error: {type: 'https://example.com/e', status: 400, title: T}}}}], catch: {}}\n"
    "  - done: {set: {ok: true}}\n"
)
KEY = "sk-live-callback-key-4711"

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


def execute(stub: Any, contract: SimpleNamespace, **fields: Any) -> list[Any]:
    return list(stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=WORK, **fields)))


@asynccontextmanager
async def reporting_to(
    endpoint: str, start_runner: Start, connect: Connect, **settings: str
) -> AsyncIterator[tuple[RunnerProcess, Any]]:
    runner = await asyncio.to_thread(
        start_runner, STIGMER_SERVICE_ENDPOINT=endpoint, STIGMER_SERVICE_API_KEY=KEY, LOG_LEVEL="debug", **settings
    )
    yield runner, connect(runner)
    # On the way out the runner delivers what it can, so the receiver must still be served here.
    runner.signal(signal.SIGTERM)
    assert await asyncio.to_thread(runner.wait) == 0
    assert KEY not in runner.text


async def test_reported_events_are_the_streamed_ones(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    async with (
        RecordingReceiver(api_key=KEY) as receiver,
        reporting_to(receiver.endpoint, start_runner, connect) as (_, stub),
    ):
        streamed = await asyncio.to_thread(execute, stub, contract)
        await receiver.wait_for_events(len(streamed))
        reported = receiver.events_of(streamed[0].workflow_execution_id)
    assert list(reported) == [WorkflowProgressEvent.parse(event.SerializeToString()) for event in streamed]


async def test_events_of_asynchronous_runs_are_reported_before_the_runner_stops(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    async with RecordingReceiver(api_key=KEY) as receiver:
        async with reporting_to(receiver.endpoint, start_runner, connect) as (_, stub):
            request = contract.io.WorkflowExecuteInput(workflow_yaml=WORK)
            answers = [await asyncio.to_thread(stub.ExecuteAsync, request) for _ in range(10)]
        for answer in answers:
            reported = receiver.events_of(answer.workflow_execution_id)
            assert [event.sequence_number for event in reported] == list(range(1, len(reported) + 1))
            assert reported[-1].event_type == "workflow_completed"


@pytest.mark.parametrize("conduct", ["refuse", "reject", "hang", "answer_garbage", "vanish"])
async def test_a_misbehaving_receiver_changes_nothing(
    start_runner: Start, connect: Connect, contract: SimpleNamespace, stub: Any, conduct: str
) -> None:
    undisturbed = await asyncio.to_thread(execute, stub, contract)
    expected = [(event.event_type, event.task_name) for event in undisturbed]
    async with RecordingReceiver(api_key=KEY) as receiver:
        if conduct == "vanish":
            await receiver.vanish()
        else:
            getattr(receiver, conduct)()
        async with reporting_to(receiver.endpoint, start_runner, connect) as (_, reporting):
            events = await asyncio.to_thread(execute, reporting, contract)
    assert [(event.event_type, event.task_name) for event in events] == expected
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))


async def test_a_port_that_accepts_and_says_nothing_changes_nothing(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        async with reporting_to(endpoint, start_runner, connect) as (_, stub):
            assert (await asyncio.to_thread(execute, stub, contract))[-1].event_type == "workflow_completed"


async def test_a_wrong_key_changes_nothing_and_is_not_logged(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    async with RecordingReceiver(api_key="another") as receiver:
        async with reporting_to(receiver.endpoint, start_runner, connect) as (_, stub):
            events = await asyncio.to_thread(execute, stub, contract)
        assert events[-1].event_type == "workflow_completed"
        assert receiver.events == ()


async def test_tls_to_a_plain_port_changes_nothing(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    async with (
        RecordingReceiver(api_key=KEY) as receiver,
        reporting_to(receiver.endpoint, start_runner, connect, STIGMER_SERVICE_USE_TLS="true") as (_, stub),
    ):
        assert (await asyncio.to_thread(execute, stub, contract))[-1].event_type == "workflow_completed"


async def test_nothing_that_a_run_emits_shows_a_secret(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    secret = "s3cr3t/with+signs="
    document = HEADER + (
        "use: {secrets: [TOKEN]}\n"
        "do:\n"
        "  - show: {set: {plain: '${ $secrets.TOKEN }', mixed: 'a ${ $secrets.TOKEN } b'}}\n"
        "  - call:\n"
        "      try:\n"
        "        - ask:\n"
        "            call: http\n"
        "            with: {method: get, endpoint: 'http://127.0.0.1:9/x', headers: {x-token: '${ $secrets.TOKEN }'}}\n"
        "      catch: {}\n"
        "  - fail: {raise: {error: {type: 'https://example.com/e', status: 400, title: 'no ${ $secrets.TOKEN }'}}}\n"
    )
    request = contract.io.WorkflowExecuteInput(
        workflow_yaml=document, env_vars={"TOKEN": secret}, config={"debug_enabled": True}
    )
    async with RecordingReceiver(api_key=KEY) as receiver:
        async with reporting_to(receiver.endpoint, start_runner, connect) as (runner, stub):
            streamed = await asyncio.to_thread(lambda: list(stub.Execute(request)))
        everything = runner.text + "".join(map(str, streamed)) + "".join(map(str, receiver.events))
    assert streamed[-1].event_type == "workflow_failed"
    assert "task_completed" in everything
    for hidden in (secret, KEY, "s3cr3t"):
        assert hidden not in everything
