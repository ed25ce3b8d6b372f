"""Events by Server-Sent Events and WebSocket: all of them, in order, none twice, resumed anywhere."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from stigmer_server.http_port.sse import event_stream
from stigmer_server.http_port.stopping import Stopping
from stigmer_server.testing import CLIENT_KEY
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from packages.server.tests.http_server import HttpServer, http_server

KEY = {"authorization": f"Bearer {CLIENT_KEY}"}


async def frames(server: HttpServer, execution: str, **headers: str) -> AsyncIterator[dict[str, str]]:
    """The frames of an event stream, comments left out."""
    async with server.client.stream("GET", f"/api/v1/executions/{execution}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        frame: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line and name:
                frame[name] = value
            elif not line and "event" in frame:
                yield frame
                frame = {}


async def whole_run(server: HttpServer, execution: str) -> None:
    """Report a run of seven events."""
    await server.report(execution, "workflow_started")
    await server.run_task(execution, "/do/0/price", {"total": 7})
    await server.run_task(execution, "/do/1/check")
    await server.report(execution, "task_skipped", "/do/2/wrap")
    await server.report(execution, "workflow_completed", payload={"output": {"done": "yes"}})


async def test_events_come_as_they_happen_and_end_with_the_run(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        stream = frames(server, execution)
        await server.report(execution, "workflow_started", message="grüß Gott\nzeile")
        first = await anext(stream)
        assert (first["id"], first["event"]) == ("1", "workflow_started")
        data = json.loads(first["data"])
        assert (data["message"], data["sequence_number"]) == ("grüß Gott\nzeile", 1)
        server.sequences[execution] = 1
        await server.run_task(execution, "/do/0/price", {"total": 7})
        assert json.loads((await anext(stream))["data"])["task_reference"] == "/do/0/price"
        assert json.loads((await anext(stream))["data"])["payload"] == {"output": {"total": 7}}
        await server.report(execution, "workflow_completed", payload={"output": {}})
        rest = [frame async for frame in stream]
        assert [frame["event"] for frame in rest] == ["workflow_completed", "end"]


@pytest.mark.parametrize("after", range(7))
async def test_a_stream_goes_on_behind_the_last_event_that_was_seen(tmp_path: Path, after: int) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        await whole_run(server, execution)
        seen = [frame async for frame in frames(server, execution, **{"last-event-id": str(after)})]
        assert [frame["id"] for frame in seen[:-1]] == [str(number) for number in range(after + 1, 8)]
        assert seen[-1]["event"] == "end"


async def test_after_the_end_there_is_nothing_to_come_back_for(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        await whole_run(server, execution)
        path = f"/api/v1/executions/{execution}/events"
        assert (await server.client.get(path, headers={"last-event-id": "7"})).status_code == 204
        assert (await server.client.get(path, params={"after": "x"})).status_code == 400
        assert (await server.client.get("/api/v1/executions/wex-no/events")).status_code == 404


async def test_a_reader_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        async with server.client.stream("GET", f"/api/v1/executions/{execution}/events") as answer:
            await server.report(execution, "workflow_started")
            async for line in answer.aiter_lines():
                if line.startswith("id: 1"):
                    break
        await server.report(execution, "task_started", "/do/0/price")
        assert (await server.client.get(f"/api/v1/executions/{execution}")).json()["sequence_number"] == 2


async def test_a_silent_stream_says_that_it_lives() -> None:
    async def silence() -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield

    stopping = Stopping()
    stream = event_stream(silence(), stopping, keep_alive=0.01)
    assert [await anext(stream) for _ in range(3)] == ["retry: 1000\n\n", ": still here\n\n", ": still here\n\n"]
    stopping.request()
    assert [text async for text in stream] == []


async def test_a_stream_of_what_is_deleted_ends(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        path = f"/api/v1/executions/{execution}"
        async with server.client.stream("GET", f"{path}/events") as answer:
            assert (await server.client.delete(path)).status_code == 204
            text = (await answer.aread()).decode()
        assert "event: end" not in text
        assert (await server.client.get(f"{path}/events")).status_code == 404


async def test_a_server_that_stops_lets_streams_end(tmp_path: Path) -> None:
    async with httpx.AsyncClient(headers=KEY, trust_env=False) as client:
        async with http_server(tmp_path) as server:
            execution = await server.start(await server.register())
            request = client.build_request("GET", f"{server.base_url}/api/v1/executions/{execution}/events")
            answer = await client.send(request, stream=True)
            await server.report(execution, "workflow_started")
        # Whole frames and a proper end, but no `end` event: the client is to come back.
        text = (await answer.aread()).decode()
    assert text.endswith("\n\n")
    assert "event: end" not in text


async def test_events_come_by_websocket(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        url = f"{server.base_url.replace('http', 'ws')}/api/v1/executions/{execution}/ws"
        async with connect(url, additional_headers=KEY, proxy=None) as socket:
            await whole_run(server, execution)
            numbers = [json.loads(message)["sequence_number"] async for message in socket]
        assert numbers == [1, 2, 3, 4, 5, 6, 7]
        token = base64.urlsafe_b64encode(CLIENT_KEY.encode()).decode().rstrip("=")
        protocols = [Subprotocol("stigmer.events.v1"), Subprotocol(f"bearer.{token}")]
        async with connect(f"{url}?after=5", subprotocols=protocols, proxy=None) as socket:
            assert socket.subprotocol == "stigmer.events.v1"
            assert [json.loads(message)["sequence_number"] async for message in socket] == [6, 7]


@pytest.mark.parametrize(
    ("path", "headers", "protocols", "code"),
    [
        ("wex-no/ws", KEY, None, 4404),
        ("{id}/ws", {}, None, 4401),
        ("{id}/ws", {"authorization": "Bearer nonsense"}, None, 4401),
        ("{id}/ws", {}, ["stigmer.events.v1", "bearer.4pyT"], 4401),
        ("{id}/ws?after=-1", KEY, None, 4400),
    ],
)
async def test_a_websocket_is_refused_with_a_code(
    tmp_path: Path, path: str, headers: dict[str, str], protocols: Any, code: int
) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        url = f"{server.base_url.replace('http', 'ws')}/api/v1/executions/{path.replace('{id}', execution)}"
        async with connect(url, additional_headers=headers, subprotocols=protocols, proxy=None) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        assert closed.value.rcvd.reason


async def test_a_server_that_stops_says_goodbye_by_websocket(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        url = f"{server.base_url.replace('http', 'ws')}/api/v1/executions/{execution}/ws"
        socket = await connect(url, additional_headers=KEY, proxy=None)
        await server.report(execution, "workflow_started")
        await socket.recv()
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in (1001, 1012)
