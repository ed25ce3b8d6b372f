"""Peers that are not our library: raw TCP servers, a process of the official gRPC implementation, a TLS identity."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TcpServer = Callable[[Talk], AbstractAsyncContextManager[str]]


@pytest.fixture
def tcp_server() -> TcpServer:
    """A server of raw TCP: give it what to say, get its `host:port`."""

    @asynccontextmanager
    async def serve(talk: Talk) -> AsyncIterator[str]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            finally:
                writer.close()

        talks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.add(asyncio.get_running_loop().create_task(handle(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in talks:
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

    return serve


class GrpcioPeer:
    """The receiver of `grpcio_receiver.py`, in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def next_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the receiver ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


@pytest.fixture
async def grpcio_peer(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[GrpcioPeer]]]:
    """Start receivers written with grpcio: `await grpcio_peer(api_key, port)`; port 0 picks a free one."""
    peers: list[GrpcioPeer] = []

    async def start(api_key: str, port: int = 0) -> GrpcioPeer:
        script = Path(__file__).with_name("grpcio_receiver.py")
        process = await asyncio.create_subprocess_exec(
            sys.executable, script, tmp_path, api_key, str(port), stdout=asyncio.subprocess.PIPE
        )
        peer = GrpcioPeer(process)
        peers.append(peer)
        listening = (await peer.next_line())["listening"]
        assert isinstance(listening, int)
        peer.port = listening
        return peer

    yield start
    for peer in peers:
        await peer.kill()


@dataclass(frozen=True)
class TlsIdentity:
    """A self-signed certificate for 127.0.0.1, and for no other name of this machine."""

    ca_file: Path
    server_context: ssl.SSLContext


@pytest.fixture
def tls_identity(tmp_path: Path) -> TlsIdentity:
    """Make a self-signed P-256 certificate.

    Written out here, because no tool or package for it can be presumed: the standard library makes no certificates,
    and `openssl` is not on every machine. RFC 5280 (certificate), RFC 5915 (key), SEC 1 (signature).
    """
    key = secrets.randbelow(_ORDER - 1) + 1
    public = b"\x04" + b"".join(part.to_bytes(32, "big") for part in _affine(key))
    ca_file, key_file = tmp_path / "ca.pem", tmp_path / "key.pem"
    ca_file.write_text(_pem("CERTIFICATE", _certificate(key, public)))
    sec1 = _tlv(0x30, b"\x02\x01\x01", _tlv(4, key.to_bytes(32, "big")), _tlv(0xA0, _P256), _tlv(0xA1, _bits(public)))
    key_file.write_text(_pem("EC PRIVATE KEY", sec1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    context.set_alpn_protocols(["h2"])
    return TlsIdentity(ca_file, context)


_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int] | None
_P256 = bytes.fromhex("06082a8648ce3d030107")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def _add(left: _Point, right: _Point) -> _Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % _FIELD == 0:
            return None
        slope = (3 * left[0] ** 2 - 3) * pow(2 * left[1], -1, _FIELD)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, _FIELD)
    x = (slope**2 - left[0] - right[0]) % _FIELD
    return x, (slope * (left[0] - x) - left[1]) % _FIELD


def _affine(scalar: int) -> tuple[int, int]:
    total: _Point = None
    step: _Point = _BASE
    while scalar:
        if scalar & 1:
            total = _add(total, step)
        step = _add(step, step)
        scalar >>= 1
    assert total is not None
    return total


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    nonce = secrets.randbelow(_ORDER - 1) + 1
    r = _affine(nonce)[0] % _ORDER
    s = pow(nonce, -1, _ORDER) * (digest + r * key) % _ORDER
    return _tlv(0x30, _integer(r), _integer(s))


def _certificate(key: int, public: bytes) -> bytes:
    name = _tlv(0x30, _tlv(0x31, _tlv(0x30, bytes.fromhex("0603550403"), _tlv(0x0C, b"stigmer test"))))
    validity = _tlv(0x30, _tlv(0x17, b"200101000000Z"), _tlv(0x17, b"491231235959Z"))
    public_key = _tlv(0x30, _tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), _P256), _bits(public))
    names = _tlv(0x30, _tlv(0x82, b"stigmer.test"), _tlv(0x87, bytes([127, 0, 0, 1])))
    extensions = _tlv(
        0x30,
        _extension("0603551d11", names),
        _extension("0603551d13", _tlv(0x30, b"\x01\x01\xff"), critical=True),
        _extension("0603551d0f", b"\x03\x02\x02\x84", critical=True),
        _extension("0603551d0e", _tlv(4, hashlib.sha256(public).digest()[:20])),
    )
    serial = _integer(secrets.randbits(64) + 1)
    parts = (b"\xa0\x03\x02\x01\x02", serial, _ECDSA_SHA256, name, validity, name, public_key, _tlv(0xA3, extensions))
    to_be_signed = _tlv(0x30, *parts)
    return _tlv(0x30, to_be_signed, _ECDSA_SHA256, _bits(_sign(key, to_be_signed)))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return _tlv(0x30, bytes.fromhex(oid), b"\x01\x01\xff" if critical else b"", _tlv(4, value))


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(value: int) -> bytes:
    return _tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tlv(3, b"\x00", content)


def _pem(label: str, content: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(content).decode()}-----END {label}-----\n"
