"""Uvicorn inside the server's own event loop: the process, not uvicorn, owns signals and sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import uvicorn

from stigmer_server.http_port.app import HttpApp

_LINGER_SECONDS: Final = 2


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpPort:
    """Serves the application on a listening socket. An async context manager; leaving it ends streams, then closes."""

    def __init__(self, app: HttpApp, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        config = uvicorn.Config(
            app.asgi,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            server_header=False,
            timeout_graceful_shutdown=_LINGER_SECONDS,
        )
        config.load()
        config.ssl = tls
        self._app = app
        self._server = _Server(config)
        self._listener = listener
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="http-port")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._app.stopping.request()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
