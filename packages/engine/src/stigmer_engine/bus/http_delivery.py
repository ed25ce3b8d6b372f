"""One delivery of an event over HTTP: the message, one try, and what its failure means."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import httpx
from stigmer_dsl.json_types import JsonObject

from stigmer_engine.bus.http_sink import HttpSinkConfig
from stigmer_engine.calls.quiet_logs import unlogged
from stigmer_engine.cloud_events import InvalidEvent
from stigmer_engine.cloud_events.http_binding import encode
from stigmer_engine.faults import Fault, fault

_TRANSIENT: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class HttpDelivery:
    """The connections of one sink."""

    def __init__(self, config: HttpSinkConfig) -> None:
        self._config = config
        self._client = httpx.AsyncClient(
            transport=config.transport,
            timeout=config.timeout_seconds,
            trust_env=False,
            headers={"user-agent": "stigmer", **config.headers},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def message(self, event: JsonObject) -> tuple[dict[str, str], bytes]:
        """Headers and body that carry the event. Raises Fault `configuration`, when the mode cannot carry it."""
        try:
            return encode(event, self._config.mode)
        except InvalidEvent as error:
            raise fault("configuration", "The event cannot be sent", str(error)) from error

    async def try_once(self, headers: Mapping[str, str], body: bytes) -> tuple[Fault, bool] | None:
        """None when delivered, else the fault and whether it may pass."""
        try:
            with unlogged():
                async with self._client.stream("POST", self._config.url, headers=headers, content=body) as response:
                    status = response.status_code
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            return fault("configuration", "The event cannot be sent", str(error)), False
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            return fault("communication", "The event was not delivered", reason), True
        if 200 <= status < 300:
            return None
        detail = f"the receiver answered {status} {response.reason_phrase}".strip()
        return fault("communication", "The event was not delivered", detail, status=status), status in _TRANSIENT
