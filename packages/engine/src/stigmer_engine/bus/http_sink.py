"""Events out: each one an HTTP request to a fixed address (CloudEvents HTTP protocol binding 1.0.2)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import httpx
from stigmer_dsl.json_types import JsonObject

from stigmer_engine.calls.quiet_logs import unlogged
from stigmer_engine.cloud_events import InvalidEvent
from stigmer_engine.cloud_events.http_binding import ContentMode, encode
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLimit:
    """How often a delivery that failed for a passing reason is repeated, and after how long.

    Attributes:
        retries: after the first try; 0 for none.
        first_delay_seconds: doubled for each further retry, up to `max_delay_seconds`.
    """

    retries: int = 3
    first_delay_seconds: float = 0.5
    max_delay_seconds: float = 30.0


NO_RETRY: Final = RetryLimit(retries=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSinkConfig:
    """Where events go, and how.

    Attributes:
        url: gets a POST for each event.
        mode: `structured` (one JSON document) or `binary` (attributes as headers, data as the body).
        headers: sent with each request, for example `Authorization`; never shown in errors.
        retry: the same event keeps its `id`, so that a receiver can drop repeats.
        timeout_seconds: for one try.
        transport: replaces the network.
    """

    url: str
    mode: ContentMode = "structured"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    retry: RetryLimit = NO_RETRY
    timeout_seconds: float = 30.0
    transport: httpx.AsyncBaseTransport | None = None


class HttpSink:
    """Posts events to one address. Close it (or use `async with`) when done."""

    def __init__(self, config: HttpSinkConfig) -> None:
        self._config = config
        self._client = httpx.AsyncClient(
            transport=config.transport,
            timeout=config.timeout_seconds,
            trust_env=False,
            headers={"user-agent": "stigmer", **config.headers},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def publish(self, event: JsonObject) -> None:
        """Deliver the event; a 2xx answer counts as delivered.

        Raises:
            Fault: `communication`, with the HTTP status when there is one, once no retry is left or the answer says
                that another try would be no use; `configuration` for an event that the mode cannot carry.
        """
        try:
            headers, body = encode(event, self._config.mode)
        except InvalidEvent as error:
            raise fault("configuration", "The event cannot be sent", str(error)) from error
        retry, tries = self._config.retry, 0
        while True:
            failure = await self._try(headers, body)
            if failure is None:
                return
            problem, passing = failure
            if not passing or tries >= retry.retries:
                raise problem
            await asyncio.sleep(min(retry.first_delay_seconds * 2.0**tries, retry.max_delay_seconds))
            tries += 1

    async def _try(self, headers: Mapping[str, str], body: bytes) -> tuple[Fault, bool] | None:
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
