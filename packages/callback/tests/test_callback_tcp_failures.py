"""Endpoints that speak something else, nothing, or no more: over real sockets, none of them our library."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest
from stigmer_callback import CallbackClient, CallbackConfig, ReportError, Secret, new_progress_event
from stigmer_callback.errors import (
    BrokenAnswerError,
    ConnectionLostError,
    EndpointUnreachableError,
    NoAnswerError,
    TlsError,
)
from stigmer_callback.testing import RecordingReceiver

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TcpServer = Callable[[Talk], AbstractAsyncContextManager[str]]


class TlsIdentity(Protocol):
    @property
    def ca_file(self) -> Path: ...
    @property
    def server_context(self) -> ssl.SSLContext: ...


async def report(
    endpoint: str, *, use_tls: bool = False, ca_file: Path | None = None, connect: float = 10, call: float = 10
) -> None:
    config = CallbackConfig(
        endpoint=endpoint,
        api_key=Secret("key-1"),
        use_tls=use_tls,
        ca_file=ca_file,
        connect_timeout_seconds=connect,
        call_timeout_seconds=call,
    )
    async with CallbackClient(config) as client:
        await client.report_progress(new_progress_event("e", "workflow_started", "w", "running", "", 1))


async def failure_of(endpoint: str, *, use_tls: bool = False, connect: float = 10, call: float = 10) -> ReportError:
    with pytest.raises(ReportError) as caught:
        await report(endpoint, use_tls=use_tls, connect=connect, call=call)
    assert endpoint in str(caught.value)
    return caught.value


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def test_connection_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    error = await failure_of(endpoint)
    assert type(error) is EndpointUnreachableError
    assert error.retryable


async def test_unknown_host() -> None:
    error = await failure_of("no-such-host.invalid:443", use_tls=True)
    assert type(error) is EndpointUnreachableError


async def test_a_socket_that_accepts_and_hangs(tcp_server: TcpServer) -> None:
    async with tcp_server(hang) as endpoint:
        error = await failure_of(endpoint, call=0.05)
    assert type(error) is NoAnswerError
    assert error.retryable


async def test_a_socket_that_accepts_and_hangs_in_the_tls_handshake(tcp_server: TcpServer) -> None:
    async with tcp_server(hang) as endpoint:
        error = await failure_of(endpoint, use_tls=True, connect=0.05)
    assert type(error) is EndpointUnreachableError
    assert "within 0.05 s" in str(error)


async def test_a_host_that_swallows_every_packet() -> None:
    # A full backlog: the kernel answers no further SYN, as a host behind a silent firewall does.
    with socket.socket() as listener, contextlib.ExitStack() as clients:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(8):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        error = await failure_of(f"127.0.0.1:{address[1]}", connect=0.2, call=0.2)
    assert isinstance(error, EndpointUnreachableError | NoAnswerError)


@pytest.mark.parametrize("stays", [False, True], ids=["closes", "keeps the connection"])
async def test_http_1_1(stays: bool, tcp_server: TcpServer) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html")
        await writer.drain()
        if stays:
            await hang(reader, writer)

    async with tcp_server(talk) as endpoint:
        error = await failure_of(endpoint, call=0.2 if stays else 10)
    # Read as HTTP/2, the text announces a frame of five megabytes, whose rest one can only wait for.
    assert type(error) is (NoAnswerError if stays else ConnectionLostError)
    assert error.retryable


SETTINGS = bytes.fromhex("000000040000000000")


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\x00" * 4096, id="zeros"),
        pytest.param(b"\xff" * 4096, id="ones"),
        pytest.param(SETTINGS + b"\x00\x00\x05\x01\x04\x00\x00\x00\x01\xff\xff\xff\xff\xff",
                     id="undecodable headers"),
        pytest.param(SETTINGS + b"\x00\x00\x04\x00\x01\x00\x00\x00\x01data",
                     id="data before headers"),
        pytest.param(SETTINGS + b"\x00\x00\x00\xee\x00\x00\x00\x00\x00" + b"junk" * 9,
                     id="unknown frame"),
    ],
)  # fmt: skip
async def test_garbage_frames(garbage: bytes, tcp_server: TcpServer) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(garbage)
        await writer.drain()
        await hang(reader, writer)

    async with tcp_server(talk) as endpoint:
        error = await failure_of(endpoint, call=0.5)
    assert isinstance(error, ConnectionLostError | BrokenAnswerError | NoAnswerError)
    assert error.retryable


async def test_closed_at_once(tcp_server: TcpServer) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with tcp_server(talk) as endpoint:
        error = await failure_of(endpoint)
    assert isinstance(error, ConnectionLostError | EndpointUnreachableError)


@pytest.mark.parametrize("abort", [False, True], ids=["closed", "reset"])
async def test_ended_in_mid_stream(abort: bool, tcp_server: TcpServer) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        while b"workflow_started" not in data:
            data += await reader.read(65536)
        # Half of an answer: settings, then the start of a headers frame.
        writer.write(SETTINGS + b"\x00\x00\x50\x01\x04\x00\x00")
        await writer.drain()
        if abort:
            writer.transport.abort()

    async with tcp_server(talk) as endpoint:
        error = await failure_of(endpoint)
    assert type(error) is ConnectionLostError
    assert "set use_tls=True" in str(error)


async def test_tls_with_a_private_authority(tls_identity: TlsIdentity) -> None:
    async with RecordingReceiver(api_key="key-1", ssl_context=tls_identity.server_context) as receiver:
        await report(receiver.endpoint, use_tls=True, ca_file=tls_identity.ca_file)
        assert len(receiver.events) == 1


async def test_an_unknown_certificate_is_not_trusted(tls_identity: TlsIdentity) -> None:
    async with RecordingReceiver(ssl_context=tls_identity.server_context) as receiver:
        error = await failure_of(receiver.endpoint, use_tls=True)
        assert receiver.calls == 0
    assert type(error) is TlsError
    assert not error.retryable
    assert "self-signed certificate" in str(error).replace("self signed", "self-signed")
    assert "set ca_file" in str(error)


async def test_a_certificate_for_another_name_is_not_trusted(tls_identity: TlsIdentity) -> None:
    async with RecordingReceiver(ssl_context=tls_identity.server_context) as receiver:
        endpoint = receiver.endpoint.replace("127.0.0.1", "localhost")
        with pytest.raises(TlsError, match=r"not trusted: .*localhost"):
            await report(endpoint, use_tls=True, ca_file=tls_identity.ca_file)
        assert receiver.calls == 0


async def test_tls_against_a_plain_peer() -> None:
    async with RecordingReceiver() as receiver:
        error = await failure_of(receiver.endpoint, use_tls=True, connect=2)
    assert isinstance(error, EndpointUnreachableError)
    assert receiver.calls == 0


async def test_tls_against_a_peer_that_answers_plain_text(tcp_server: TcpServer) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with tcp_server(talk) as endpoint:
        error = await failure_of(endpoint, use_tls=True)
    assert type(error) is TlsError
    assert "set use_tls=False" in str(error)


async def test_plain_against_a_tls_peer_names_the_setting(tls_identity: TlsIdentity) -> None:
    async with RecordingReceiver(ssl_context=tls_identity.server_context) as receiver:
        error = await failure_of(receiver.endpoint)
        assert receiver.calls == 0
    assert type(error) is ConnectionLostError
    assert "set use_tls=True" in str(error)
