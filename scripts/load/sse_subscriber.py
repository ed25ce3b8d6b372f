"""A subscriber by Server-Sent Events, which comes back with `Last-Event-ID`."""

import asyncio
import json
import time
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import httpx

from .following import Habits, Seen
from .judgement import EventsSeen
from .passing import RETRY_SECONDS
from .run_events import events_of_run

_PASSING: Final = (HTTPStatus.SERVICE_UNAVAILABLE,)


class SseSubscriber:
    """A client with its own connections; each execution is a stream of events. An async context manager."""

    def __init__(self, url: str, key: str, tasks: int, habits: Habits, seen: Seen) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=120
        )
        self._events = events_of_run(tasks)
        self._habits = habits
        self._seen = seen

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def follow(self, run: str) -> None:
        """As `Follower.follow`."""
        events = EventsSeen(run, self._events)
        while True:
            try:
                if await self._read(run, events):
                    break
            except httpx.TransportError:
                self._seen.cut_off += 1
                await asyncio.sleep(RETRY_SECONDS)
        events.ended()
        self._seen.followed += 1
        self._seen.wrong += events.wrong

    async def _read(self, run: str, events: EventsSeen) -> bool:
        """Whether the stream came to its end; else it was left, or ended early."""
        headers = {"last-event-id": str(events.last)} if events.last else {}
        async with self._client.stream("GET", f"/api/v1/executions/{run}/events", headers=headers) as answer:
            if answer.status_code == HTTPStatus.NO_CONTENT:
                return True
            if answer.status_code != HTTPStatus.OK:
                if answer.status_code not in _PASSING:
                    events.wrong.append(f"{run}: HTTP {answer.status_code}")
                    return True
                raise httpx.TransportError(f"HTTP {answer.status_code}")
            opened = time.time() * 1000
            read, identity = 0, 0
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    identity = int(value)
                elif name == "event" and value == "end":
                    return True
                elif name == "data":
                    read += 1
                    self._take(events, identity, value, opened)
                    if read == self._habits.leaves_after:
                        self._seen.came_back += 1
                        return False
                    if self._habits.pause_seconds:
                        await asyncio.sleep(self._habits.pause_seconds)
        self._seen.cut_off += 1
        return False

    def _take(self, events: EventsSeen, identity: int, data: str, opened: float) -> None:
        now = time.time() * 1000
        event = json.loads(data)
        self._seen.messages += 1
        events.saw(identity, event["event_type"], event.get("task_reference", ""))
        if event["sequence_number"] != identity:
            events.wrong.append(f"{events.run}: event {event['sequence_number']} has the id {identity}")
        if self._habits.prompt and event["timestamp_ms"] > opened:
            self._seen.milliseconds.append(now - event["timestamp_ms"])
