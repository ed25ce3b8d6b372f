"""The ordered, append-only log of one execution's events, and how sinks read it."""

import asyncio
from collections.abc import AsyncIterator, Callable

from stigmer_engine.events import ProgressEvent, Status


class EventLog:
    """Events of one execution in sequence order, from 1, gap-free.

    Readers pull at their own pace (`follow`), so a slow or dead sink can neither block nor reorder the run.
    Must be used from one event loop.

    Args:
        after: sequence number of the last event that an earlier log of the execution holds.
    """

    def __init__(self, *, after: int = 0) -> None:
        self._after = after
        self._events: list[ProgressEvent] = []
        self._status: Status | None = None
        # Made by the first reader that waits: most events of a fast run are appended while nobody does.
        self._grown: asyncio.Event | None = None
        self._listeners: list[Callable[[ProgressEvent], object]] = []

    def listen(self, listener: Callable[[ProgressEvent], object]) -> None:
        """Call back on every further event, in the step that appends it; for what must act at that very moment."""
        self._listeners.append(listener)

    @property
    def events(self) -> tuple[ProgressEvent, ...]:
        """All events of this log so far."""
        return tuple(self._events)

    @property
    def size(self) -> int:
        """How many events there are, those of earlier logs included; also the newest sequence number."""
        return self._after + len(self._events)

    @property
    def after(self) -> int:
        """Sequence number of the last event that is not in this log, but in an earlier one."""
        return self._after

    def since(self, after: int) -> tuple[ProgressEvent, ...]:
        """The events of this log with a sequence number above `after`."""
        return tuple(self._events[max(after - self._after, 0) :])

    @property
    def last(self) -> ProgressEvent | None:
        """The newest event, or None before the first."""
        return self._events[-1] if self._events else None

    @property
    def status(self) -> Status | None:
        """What the newest event of the workflow itself says, or None before the first."""
        return self._status

    @property
    def closed(self) -> bool:
        """Whether the terminal event is in the log."""
        return bool(self._events) and self._events[-1].terminal

    def append(self, event: ProgressEvent) -> None:
        """Add the next event.

        Raises:
            ValueError: the sequence number is not the next one, or the log is closed.
        """
        expected = self.size + 1
        if event.sequence_number != expected:
            raise ValueError(f"event {event.sequence_number} cannot follow event {expected - 1}")
        if self.closed:
            raise ValueError(f"the log of execution {event.workflow_execution_id} is closed")
        self._events.append(event)
        if not event.task_reference:
            self._status = event.status
        if self._grown is not None:
            self._grown.set()
            self._grown = None
        for listener in self._listeners:
            listener(event)

    async def follow(self, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """Yield every event with a sequence number above `after`, past and future; end after the terminal event."""
        position = max(after - self._after, 0)
        while True:
            while position < len(self._events):
                event = self._events[position]
                position += 1
                yield event
            if self.closed:
                return
            if self._grown is None:
                self._grown = asyncio.Event()
            await self._grown.wait()
