"""The connection to the Stigmer service, under the clients of its services."""

import ssl
from types import TracebackType
from typing import Self

from grpclib.client import Channel

from stigmer_runner.config import StigmerService


class ServiceConnection:
    """One connection, made when first needed, and the key that each call carries. An async context manager."""

    def __init__(self, service: StigmerService, tls: ssl.SSLContext | None) -> None:
        self._service = service
        self._tls = tls
        self._open: Channel | None = None

    async def __aenter__(self) -> Self:
        self._open = Channel(self._service.endpoint.host, self._service.endpoint.port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.close()

    @property
    def _channel(self) -> Channel:
        assert self._open is not None, "use the client inside `async with`"
        return self._open

    @property
    def _metadata(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._service.api_key.get_secret_value()}"}
