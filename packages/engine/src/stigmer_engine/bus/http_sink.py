"""Events out: each one an HTTP request to a fixed address (CloudEvents HTTP protocol binding 1.0.2)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.cloud_events.event import ContentMode
from stigmer_engine.on_demand import load_part

if TYPE_CHECKING:
    import httpx

    from stigmer_engine.bus.http_delivery import HttpDelivery


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
    transport: "httpx.AsyncBaseTransport | None" = None


class HttpSink:
    """Posts events to one address. Close it (or use `async with`) when done."""

    def __init__(self, config: HttpSinkConfig) -> None:
        self._config = config

    @cached_property
    def _delivery(self) -> "HttpDelivery":
        delivery: HttpDelivery = load_part("event delivery").HttpDelivery(self._config)
        return delivery

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if "_delivery" in self.__dict__:
            await self._delivery.close()

    async def publish(self, event: JsonObject) -> None:
        """Deliver the event; a 2xx answer counts as delivered.

        Raises:
            Fault: `communication`, with the HTTP status when there is one, once no retry is left or the answer says
                that another try would be no use; `configuration` for an event that the mode cannot carry.
        """
        headers, body = self._delivery.message(event)
        retry, tries = self._config.retry, 0
        while True:
            failure = await self._delivery.try_once(headers, body)
            if failure is None:
                return
            problem, passing = failure
            if not passing or tries >= retry.retries:
                raise problem
            await asyncio.sleep(min(retry.first_delay_seconds * 2.0**tries, retry.max_delay_seconds))
            tries += 1
