"""An HTTP port lives in the loop of its service, and ends with its context."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from stigmer_ports.http_port.problems import on_failure_of, on_http_error, problem_response
from stigmer_ports.http_port.server import HttpPort
from stigmer_ports.listeners import listening, port_of
from stigmer_ports.tls import server_tls


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


@asynccontextmanager
async def serving(app: Starlette, **settings: Any) -> AsyncIterator[str]:
    """Serves it; gives `host:port`."""
    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        async with HttpPort(app, listener=listener, **settings):
            yield f"127.0.0.1:{port_of(listener)}"


async def test_signals_stay_those_of_the_process() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with serving(Starlette(routes=[Route("/", hello)])) as place, httpx.AsyncClient() as client:
        answer = await client.get(f"http://{place}/")
        assert answer.text == "hello"
        assert "server" not in answer.headers
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{place}/")


async def test_it_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    tls = server_tls(
        tmp_path / "cert.pem", tmp_path / "key.pem", protocol="http/1.1", variables=("CERT_FILE", "KEY_FILE")
    )
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        serving(Starlette(routes=[Route("/", hello)]), tls=tls) as place,
        httpx.AsyncClient(verify=trusting) as client,
    ):
        assert (await client.get(f"https://{place}/")).text == "hello"


async def test_streams_are_told_to_end() -> None:
    ending = asyncio.Event()

    async def words() -> AsyncIterator[str]:
        yield "first\n"
        await ending.wait()
        yield "last\n"

    async def stream(_request: Request) -> Response:
        return StreamingResponse(words())

    lines: list[str] = []
    begun = asyncio.Event()

    async def read(place: str) -> None:
        async with httpx.AsyncClient() as client, client.stream("GET", f"http://{place}/") as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                begun.set()

    async with serving(Starlette(routes=[Route("/", stream)]), end_streams=ending.set) as place:
        reading = asyncio.create_task(read(place))
        await begun.wait()
    await reading
    assert lines == ["first", "last"]


async def test_what_cannot_be_done_is_a_problem_document() -> None:
    async def broken(_request: Request) -> Response:
        raise ValueError("something inside")

    async def busy(_request: Request) -> Response:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "busy", {"reason": "TIRED"})

    app = Starlette(
        routes=[Route("/broken", broken), Route("/busy", busy)],
        exception_handlers={HTTPException: on_http_error, Exception: on_failure_of("service")},
    )
    async with serving(app) as place, httpx.AsyncClient(base_url=f"http://{place}") as client:
        answers = [await client.get("/broken"), await client.get("/absent"), await client.get("/busy")]
        wrong = await client.delete("/busy")
    for answer in (*answers, wrong):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["status"] == answer.status_code
    assert [answer.json()["detail"] for answer in answers] == [
        "the service failed; its log tells why",
        "Not Found",
        "busy",
    ]
    assert "something inside" not in answers[0].text
    assert (answers[2].headers["retry-after"], answers[2].json()["reason"]) == ("1", "TIRED")
    assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
