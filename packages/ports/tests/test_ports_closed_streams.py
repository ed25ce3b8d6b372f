"""A connection does not grow with the calls that have ended on it."""

from typing import Any

import pytest
from grpclib.protocol import H2Protocol
from stigmer_ports.grpc_port import closed_streams
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import CancelExecutionRequest

from packages.ports.tests.asking import ask, asking

CALLS = 60


async def test_a_connection_forgets_the_calls_that_ended_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    connected = H2Protocol.connection_made

    def remember(protocol: H2Protocol, transport: Any) -> None:
        connected(protocol, transport)
        made.append(protocol.connection._connection)

    async def nothing(_request: CancelExecutionRequest, _key: str | None) -> None:
        pass

    monkeypatch.setattr(H2Protocol, "connection_made", remember)
    monkeypatch.setattr(closed_streams, "_REMEMBERED", 10)
    async with asking(nothing) as (_, channel):
        for _ in range(CALLS):
            await ask(channel)
    assert max(len(connection._closed_streams) for connection in made) == 10
