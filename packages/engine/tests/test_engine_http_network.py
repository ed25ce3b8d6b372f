"""HTTP calls over a real socket: what only a network can do wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from stigmer_engine import Engine, EngineConfig, Execution, HttpConfig
from stigmer_engine.testing import HEADER

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """A server on a free port that handles each connection with `serve`; yields its address."""
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await serve(reader, writer)
        finally:
            handlers.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


def answering(raw: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return serve


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


async def call(engine: Engine, address: str, more: str = "", task: str = "") -> Execution:
    body = f'do: [c: {{call: http, with: {{method: get, endpoint: "{address}/x"{more}}}{task}}}]'
    return engine.start(engine.load(HEADER + body), secrets={"LINE": "t0ken\nX-Evil: 1"})


async def test_a_real_answer() -> None:
    async with (
        serving(
            answering(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n[1,2,3]")
        ) as at,
        Engine() as engine,
    ):
        result = await (await call(engine, at)).wait()
    assert result.output == [1, 2, 3]


async def test_nobody_listens() -> None:
    async with serving(hang) as address:
        pass
    async with Engine() as engine:
        error = (await (await call(engine, address)).wait()).error
    assert error is not None
    assert error.type.endswith("/communication")
    assert error.status == 500
    assert error.instance == "/do/0/c"


async def test_a_name_that_does_not_exist() -> None:
    async with Engine() as engine:
        error = (await (await call(engine, "http://no-such-host.invalid")).wait()).error
    assert error is not None
    assert error.type.endswith("/communication")


BROKEN = {
    "nothing": b"",
    "garbage": b"\x00\xffgarbage\r\n\r\n",
    "another protocol": b"220 mail ready\r\n",
    "cut off headers": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "cut off body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "cut off chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "not compressed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_a_communication_fault(name: str) -> None:
    async with serving(answering(BROKEN[name])) as address, Engine() as engine:
        error = (await (await call(engine, address)).wait()).error
    assert error is not None
    assert error.type.endswith("/communication"), error


@pytest.mark.parametrize("length", ["Content-Length: 5000000", "X-Nothing: 0"])
async def test_a_response_that_is_too_large(length: str) -> None:
    raw = f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode() + b"x" * 5_000_000
    config = EngineConfig(http=HttpConfig(max_response_bytes=100_000))
    async with serving(answering(raw)) as address, Engine(config) as engine:
        error = (await (await call(engine, address)).wait()).error
    assert error is not None
    assert error.title == "The response is too large"
    assert "100000 bytes" in error.detail


async def test_a_peer_that_hangs_is_left_by_cancel() -> None:
    async with serving(hang) as address, Engine() as engine:
        execution = await call(engine, address)
        await asyncio.sleep(0.2)
        assert execution.status == "running"
        execution.cancel()
        assert (await execution.wait()).status == "cancelled"


async def test_a_peer_that_hangs_is_left_by_the_timeout_of_the_task() -> None:
    async with serving(hang) as address, Engine() as engine:
        error = (await (await call(engine, address, task=", timeout: {after: PT0.2S}")).wait()).error
    assert error is not None
    assert error.status == 408
    assert error.instance == "/do/0/c"


async def test_a_peer_that_hangs_is_left_by_the_limit_of_the_runner() -> None:
    config = EngineConfig(http=HttpConfig(idle_seconds=0.2))
    async with serving(hang) as address, Engine(config) as engine:
        error = (await (await call(engine, address)).wait()).error
    assert error is not None
    assert error.type.endswith("/communication")
    assert "does not answer" in error.title


async def test_the_pool_survives_calls_that_are_cut_off() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7"
    config = EngineConfig(http=HttpConfig(max_connections=2))
    async with serving(hang) as hanging, serving(answering(raw)) as well, Engine(config) as engine:
        for _ in range(4):
            stuck = [await call(engine, hanging) for _ in range(3)]
            await asyncio.sleep(0.05)
            for execution in stuck:
                execution.cancel()
                await execution.wait()
        assert (await (await call(engine, well)).wait()).output == 7


@pytest.mark.parametrize(
    "more",
    [
        ", headers: {X-A: '${ $secrets.LINE }'}",
        ", headers: {'X A': b}",
        ', headers: {"X-A\\r\\nX-Evil": b}',
        ", headers: {Content-Length: '5'}, body: hello world",
        ", headers: {Transfer-Encoding: chunked}, body: hello world",
        ", headers: {X-A: caf\u00e9}",
    ],
)
async def test_a_request_cannot_be_forged(more: str) -> None:
    seen = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.read(65_536))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with serving(serve) as address, Engine() as engine:
        task = f'{{call: http, with: {{method: post, endpoint: "{address}/x"{more}}}}}'
        text = HEADER + f"use: {{secrets: [LINE]}}\ndo: [c: {task}]"
        execution = engine.start(engine.load(text), secrets={"LINE": "t0ken\nX-Evil: 1"})
        result = await execution.wait()
    assert b"X-Evil" not in seen
    assert result.error is not None
    assert result.error.type.endswith(("/configuration", "/communication"))
    assert "t0ken" not in str(result.error)


@pytest.mark.parametrize("scheme", ["bearer: {use: LINE}", "bearer: {token: '${ $secrets.LINE }'}"])
async def test_a_token_cannot_forge_a_request(scheme: str) -> None:
    async with serving(hang) as address, Engine() as engine:
        endpoint = f'{{uri: "{address}/x", authentication: {{{scheme}}}}}'
        task = f"{{call: http, with: {{method: get, endpoint: {endpoint}}}}}"
        text = HEADER + f"use: {{secrets: [LINE]}}\ndo: [c: {task}]"
        execution = engine.start(engine.load(text), secrets={"LINE": "t0ken\nX-Evil: 1"})
        error = (await execution.wait()).error
    assert error is not None
    assert error.type.endswith("/configuration")
    assert "t0ken" not in str([event.to_json() for event in execution.log.events])
