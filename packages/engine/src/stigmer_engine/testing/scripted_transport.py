"""An httpx transport whose answers are a script, with virtual durations: the network of an engine under test."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass(slots=True, kw_only=True)
class ScriptedTransport(httpx.AsyncBaseTransport):
    """Answers every request with `handler(request)` after `after` seconds of the loop's time.

    Attributes:
        requests: every request that arrived, in order, with its body read.
        cancelled: how many were interrupted before their answer.
    """

    handler: Handler
    after: float | Callable[[httpx.Request], float] = 0.0
    requests: list[httpx.Request] = field(default_factory=list)
    cancelled: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record the request, wait, answer."""
        await request.aread()
        self.requests.append(request)
        try:
            await asyncio.sleep(self.after(request) if callable(self.after) else self.after)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        response = self.handler(request)
        response.request = request
        return response
