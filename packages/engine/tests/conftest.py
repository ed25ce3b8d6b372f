"""Real local peers over HTTP, and engines to run documents on."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
import trustme
import uvicorn
from starlette.types import ASGIApp
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.expressions import Evaluator
from stigmer_engine.testing.runs import OpenRuns, Runs, ServeHttp


def _lines(records: list[logging.LogRecord]) -> list[str]:
    # What the peers themselves log is their business.
    return [record.getMessage() for record in records if not record.name.startswith("uvicorn")]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are pytest's


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for tests that are not coroutines, as hypothesis wants them."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def evaluator(runner: asyncio.Runner) -> Iterator[Evaluator]:
    """An evaluator, used on the loop of `runner`."""
    evaluator = Evaluator()
    yield evaluator
    evaluator.close()


@pytest.fixture
def serve() -> ServeHttp:
    """Serve an ASGI application on a free port of this machine; gives its base URL. A certificate makes it TLS."""

    @contextlib.asynccontextmanager
    async def run(app: object, certificate: object = None) -> AsyncIterator[str]:
        config = uvicorn.Config(
            cast("ASGIApp", app), log_config=None, lifespan="off", ws="none", http="h11", timeout_keep_alive=60
        )
        config.load()
        if isinstance(certificate, trustme.LeafCert):
            config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(config.ssl)
        server = _Server(config)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            task = asyncio.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.001)
            try:
                yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = server.force_exit = True
                await task

    return run


@pytest.fixture
def open_runs(caplog: pytest.LogCaptureFixture) -> OpenRuns:
    """An engine to run documents on."""
    caplog.set_level("DEBUG")

    @contextlib.asynccontextmanager
    async def run(config: EngineConfig | None = None) -> AsyncIterator[Runs]:
        async with Engine(config) as engine:
            yield Runs(engine, lambda: "\n".join(_lines(caplog.records)))

    return run
