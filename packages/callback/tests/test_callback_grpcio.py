"""Against a peer that is not our library: the official gRPC implementation in another process."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from grpclib.const import Status
from stigmer_callback import (
    Backoff,
    CallbackClient,
    CallbackConfig,
    ProgressReporter,
    ReporterLimits,
    Secret,
    new_error_progress_event,
    new_progress_event,
    new_task_progress_event,
)
from stigmer_callback.errors import CallRefusedError, ReportError
from stigmer_proto_json import payload_from_json


class Peer(Protocol):
    port: int

    @property
    def endpoint(self) -> str: ...
    async def next_line(self) -> dict[str, Any]: ...
    async def kill(self) -> None: ...


class StartPeer(Protocol):
    async def __call__(self, api_key: str, port: int = 0) -> Peer: ...


KEY = "key-4f2a9c"
FAST = ReporterLimits(
    retry=Backoff(initial_seconds=0.01, maximum_seconds=0.05), rest=Backoff(initial_seconds=0.02, maximum_seconds=0.05)
)


def config(endpoint: str, key: str = KEY) -> CallbackConfig:
    return CallbackConfig(endpoint=endpoint, api_key=Secret(key))


async def test_every_field_arrives(grpcio_peer: StartPeer) -> None:
    peer = await grpcio_peer(KEY)
    events = (
        new_progress_event(
            "e1", "workflow_completed", "flow", "completed", "done", 1, payload=payload_from_json([1, "é"]),
            timestamp_ms=7,
        ),
        new_task_progress_event(
            "e1", "task_retry", "flow", "fetch", "running", "again", 2, task_reference="/do/0/fetch", attempt=3,
            task_progress=40, timestamp_ms=8,
        ),
        new_error_progress_event(
            "e1", "flow", "EXECUTION_ERROR", "bad", "trace", 3, error_type="uri:x", error_status=503,
            error_instance="/do/0", timestamp_ms=9,
        ),
    )  # fmt: skip
    async with CallbackClient(config(peer.endpoint)) as client:
        for event in events:
            await client.report_progress(event)
    lines = [await peer.next_line() for _ in events]
    assert [line["event"] for line in lines] == [
        {
            "workflow_execution_id": "e1", "event_type": "workflow_completed", "workflow_name": "flow",
            "status": "completed", "message": "done", "timestamp_ms": "7", "payload": {"value": [1.0, "é"]},
            "sequence_number": "1",
        },
        {
            "workflow_execution_id": "e1", "event_type": "task_retry", "workflow_name": "flow", "task_name": "fetch",
            "status": "running", "message": "again", "timestamp_ms": "8", "sequence_number": "2", "task_progress": 40,
            "task_reference": "/do/0/fetch", "attempt": 3,
        },
        {
            "workflow_execution_id": "e1", "event_type": "workflow_failed", "workflow_name": "flow",
            "status": "failed", "message": "bad", "timestamp_ms": "9", "sequence_number": "3",
            "error": {
                "code": "EXECUTION_ERROR", "message": "bad", "stack_trace": "trace", "type": "uri:x", "status": 503,
                "instance": "/do/0",
            },
        },
    ]  # fmt: skip
    left = lines[0]["seconds_left"]
    assert isinstance(left, float)
    assert 0 < left <= 10, "the deadline travels with the call"


async def test_a_wrong_key_is_refused_and_not_repeated_in_the_error(
    grpcio_peer: StartPeer,
) -> None:
    peer = await grpcio_peer(KEY)
    async with CallbackClient(config(peer.endpoint, "wrong-7e51")) as client:
        with pytest.raises(CallRefusedError) as caught:
            await client.report_progress_with_retry(new_progress_event("e", "workflow_started", "w", "running", "", 1))
    assert caught.value.status is Status.UNAUTHENTICATED
    assert caught.value.attempts == 1
    # This receiver quotes what it got.
    assert str(caught.value) == f"{peer.endpoint} answered UNAUTHENTICATED: not Bearer ***"


async def test_a_killed_peer_is_found_again(grpcio_peer: StartPeer) -> None:
    peer = await grpcio_peer(KEY)
    async with CallbackClient(config(peer.endpoint)) as client:
        await client.report_progress(new_progress_event("e", "workflow_started", "w", "running", "", 1))
        await peer.kill()
        with pytest.raises(ReportError):
            await client.report_progress(new_progress_event("e", "task_started", "w", "running", "", 2))
        again = await grpcio_peer(KEY, peer.port)
        await client.report_progress(new_progress_event("e", "task_started", "w", "running", "", 2))
        assert (await again.next_line())["event"]


async def test_events_of_an_outage_arrive_afterwards_in_order(grpcio_peer: StartPeer) -> None:
    peer = await grpcio_peer(KEY)
    async with CallbackClient(config(peer.endpoint)) as client, ProgressReporter(client, limits=FAST) as reporter:
        reporter.offer(new_progress_event("e", "workflow_started", "w", "running", "", 1))
        assert await reporter.flush()
        await peer.next_line()
        await peer.kill()
        for number in range(2, 30):
            reporter.offer(new_progress_event("e", "task_started", "w", "running", "", number))
        again = await grpcio_peer(KEY, peer.port)
        assert await reporter.flush()
        numbers = [(await again.next_line())["event"]["sequence_number"] for _ in range(2, 30)]
        assert numbers == [str(number) for number in range(2, 30)]
        assert reporter.report.complete
