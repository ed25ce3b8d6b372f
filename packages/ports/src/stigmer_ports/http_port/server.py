"""Uvicorn inside a service's own event loop: the process, not uvicorn, owns signals and sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

_LINGER_SECONDS: Final = 2


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpPort:
    """Serves an application on a listening socket. An async context manager; leaving it ends streams, then closes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        listener: socket.socket,
        tls: ssl.SSLContext | None = None,
        websocket_bytes: int | None = None,
        end_streams: Callable[[], None] | None = None,
    ) -> None:
        """Nothing is served before the port is entered.

        Args:
            app: answers the requests.
            listener: listens already; see `listening`.
            tls: see `server_tls`; None for plain text.
            websocket_bytes: largest message that comes by a WebSocket; None when there are none.
            end_streams: lets answers end that would go on; those that do not are cut off after some seconds.
        """
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none" if websocket_bytes is None else "websockets-sansio",
            ws_max_size=websocket_bytes or 0,
            server_header=False,
            timeout_graceful_shutdown=_LINGER_SECONDS,
        )
        config.load()
        config.ssl = tls
        self._end_streams = end_streams
        self._server = _Server(config)
        self._listener = listener
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="http-port")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end_streams is not None:
            self._end_streams()
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
