"""What the contract has no call for, and the service tells over HTTP alone: lists of workflows, events, reruns."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Final, Self

import httpx
from stigmer_dsl import JsonObject, JsonValue

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.service.access import URL_VARIABLE, ServiceAccess
from stigmer_runner.cli.service.failures import ServiceFailure

_CALL_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 60.0
"""The service sends a comment every 15 seconds when there is nothing to tell."""
_PATIENCE_SECONDS: Final = 60.0
_WAIT_SECONDS: Final = 0.5


class HttpClient:
    """The HTTP API of the service. An async context manager. Every method raises ServiceFailure."""

    def __init__(self, access: ServiceAccess, *, timeout_seconds: float = _CALL_SECONDS) -> None:
        if not access.url:
            raise UsageFailure(
                f"This needs the HTTP API of the service, which is not known here: set {URL_VARIABLE}, or give --url."
            )
        self._url = access.url
        self._client = httpx.AsyncClient(
            base_url=access.url, headers=access.authorization, trust_env=False, timeout=timeout_seconds
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> JsonObject:
        """The JSON object at a path."""
        try:
            return _object(await self._client.get(path, params=dict(query or {})))
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    async def post(self, path: str, body: JsonObject) -> JsonObject:
        """The JSON object that answers a body."""
        try:
            return _object(await self._client.post(path, json=body))
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    async def events(self, execution_id: str, *, until: int | None) -> AsyncIterator[JsonObject]:
        """The events of a run from the first one, to the number `until`, or as they come until the run has ended.

        A service that goes away in the middle is waited for, and no event comes twice or is left out.
        """
        last, patience = 0, 0.0
        while until is None or last < until:
            try:
                async for event in self._stream(execution_id, last):
                    if event is None:
                        return
                    last, patience = int(event["sequence_number"]), 0.0
                    yield event
                    if until is not None and last >= until:
                        return
            except httpx.HTTPError as error:
                if last == 0 or patience >= _PATIENCE_SECONDS:
                    raise self._unreachable(error) from None
            patience += _WAIT_SECONDS
            await asyncio.sleep(_WAIT_SECONDS)

    async def _stream(self, execution_id: str, last: int) -> AsyncIterator[JsonObject | None]:
        """The events behind a number; None at the end of the run."""
        path = f"/api/v1/executions/{execution_id}/events"
        headers = {"accept": "text/event-stream", "last-event-id": str(last)}
        async with self._client.stream("GET", path, headers=headers, timeout=_SILENCE_SECONDS) as response:
            if response.status_code == httpx.codes.NO_CONTENT:
                yield None
                return
            if not response.is_success:
                await response.aread()
                _object(response)
            name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    if name == "end":
                        yield None
                        return
                    yield json.loads(value)
                elif not line:
                    name = ""

    def _unreachable(self, error: Exception) -> ServiceFailure:
        return ServiceFailure(f"The service at {self._url} cannot be reached: {str(error) or type(error).__name__}.")


def _object(response: httpx.Response) -> JsonObject:
    """The answer, or its problem document (RFC 9457) as a failure."""
    try:
        value: JsonValue = response.json()
    except ValueError:
        value = None
    if response.is_success and isinstance(value, dict):
        return value
    detail = value.get("detail") if isinstance(value, dict) else None
    said = str(detail or f"the service answered {response.status_code}").rstrip(".")
    raise ServiceFailure(f"{said[:1].upper()}{said[1:]}.", absent=response.status_code == httpx.codes.NOT_FOUND)
