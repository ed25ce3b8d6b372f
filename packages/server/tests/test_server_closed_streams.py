"""A connection does not grow with the calls that have ended on it."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.protocol import H2Protocol
from stigmer_ports.listeners import listening, port_of
from stigmer_server.application import open_application
from stigmer_server.config import Settings
from stigmer_server.grpc_port import closed_streams
from stigmer_server.grpc_port.server import GrpcPort
from stigmer_server.testing import ADMIN_KEY

CALLS = 60


async def test_a_connection_forgets_the_calls_that_ended_long_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    connected = H2Protocol.connection_made

    def remember(protocol: H2Protocol, transport: Any) -> None:
        connected(protocol, transport)
        made.append(protocol.connection._connection)

    monkeypatch.setattr(H2Protocol, "connection_made", remember)
    monkeypatch.setattr(closed_streams, "_REMEMBERED", 10)
    settings = Settings.model_validate({"STIGMER_DATA_DIR": tmp_path, "STIGMER_SERVER_ADMIN_KEY": ADMIN_KEY})
    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        async with (
            open_application(settings) as application,
            GrpcPort(application, listener, None),
            grpc.aio.insecure_channel(f"127.0.0.1:{port_of(listener)}") as channel,
        ):
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=HealthCheckRequest.SerializeToString,
                response_deserializer=HealthCheckResponse.FromString,
            )
            for _ in range(CALLS):
                assert (await check(HealthCheckRequest())).status == HealthCheckResponse.SERVING
    assert max(len(connection._closed_streams) for connection in made) == 10
