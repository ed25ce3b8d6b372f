"""The bounded store between the workflows and the endpoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

TERMINAL_EVENT_TYPES = frozenset({"workflow_completed", "workflow_failed", "workflow_cancelled"})


@dataclass(slots=True, eq=False, kw_only=True)
class BufferedEvent:
    """An event on its way. `arrival` orders all events, `size` is in bytes on the wire."""

    arrival: int
    event: WorkflowProgressEvent
    size: int
    refusals: int = 0

    @property
    def execution_id(self) -> str:
        """The execution the event belongs to."""
        return self.event.workflow_execution_id

    @property
    def terminal(self) -> bool:
        """Whether the event ends its execution."""
        return self.event.event_type in TERMINAL_EVENT_TYPES


class EventBuffer:
    """Holds at most `max_events` events and `max_bytes` bytes; every operation takes constant time.

    When it is full, the oldest event that does not end an execution goes first. Executions that are delivered have
    young events only, so a stuck execution pays for its own backlog. A terminal event goes only for a newer terminal
    event. An event that is taken for delivery counts, but is never dropped.
    """

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events = 0
        self._bytes = 0
        self._arrivals = 0
        self._lanes: dict[str, OrderedDict[int, BufferedEvent]] = {}
        # OrderedDict, because taking the first of a plain dict again and again walks over all the deleted ones.
        self._passing: OrderedDict[int, BufferedEvent] = OrderedDict()
        self._terminal: OrderedDict[int, BufferedEvent] = OrderedDict()
        self._taken: dict[int, BufferedEvent] = {}

    def __len__(self) -> int:
        return self._events

    @property
    def size_bytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def add(self, event: WorkflowProgressEvent, size: int) -> tuple[WorkflowProgressEvent, ...]:
        """Store `event` behind those of its execution; return the events dropped for it, maybe `event` itself."""
        if size > self._max_bytes:
            return (event,)
        self._arrivals += 1
        item = BufferedEvent(arrival=self._arrivals, event=event, size=size)
        dropped: list[WorkflowProgressEvent] = []
        while self._events >= self._max_events or self._bytes + size > self._max_bytes:
            victim = self._victim(for_terminal=item.terminal)
            if victim is None:
                return (*dropped, event)
            self._leave_lane(victim)
            self._forget(victim)
            dropped.append(victim.event)
        self._events += 1
        self._bytes += size
        self._enter_lane(item, first=False)
        return tuple(dropped)

    def waiting(self, execution_id: str) -> bool:
        """Whether an event of the execution waits for delivery."""
        return execution_id in self._lanes

    def take(self, execution_id: str) -> BufferedEvent | None:
        """Take the first waiting event of the execution; finish with `done` or `put_back`."""
        lane = self._lanes.get(execution_id)
        if lane is None:
            return None
        item = next(iter(lane.values()))
        self._leave_lane(item)
        self._taken[item.arrival] = item
        return item

    def put_back(self, item: BufferedEvent) -> None:
        """Return a taken event to the head of its execution."""
        del self._taken[item.arrival]
        self._enter_lane(item, first=True)

    def done(self, item: BufferedEvent) -> None:
        """Forget a taken event."""
        del self._taken[item.arrival]
        self._forget(item)

    def executions(self) -> tuple[str, ...]:
        """Executions with waiting events, in order of their first waiting event's arrival in the buffer."""
        return tuple(self._lanes)

    def items(self) -> Iterable[BufferedEvent]:
        """All events held, taken ones included."""
        yield from self._taken.values()
        for lane in self._lanes.values():
            yield from lane.values()

    def _victim(self, *, for_terminal: bool) -> BufferedEvent | None:
        for index in (self._passing, self._terminal) if for_terminal else (self._passing,):
            if index:
                return next(iter(index.values()))
        return None

    def _index(self, item: BufferedEvent) -> OrderedDict[int, BufferedEvent]:
        return self._terminal if item.terminal else self._passing

    def _enter_lane(self, item: BufferedEvent, *, first: bool) -> None:
        lane = self._lanes.setdefault(item.execution_id, OrderedDict())
        for order in (lane, self._index(item)):
            order[item.arrival] = item
            if first:
                order.move_to_end(item.arrival, last=False)

    def _leave_lane(self, item: BufferedEvent) -> None:
        lane = self._lanes[item.execution_id]
        del lane[item.arrival]
        if not lane:
            del self._lanes[item.execution_id]
        del self._index(item)[item.arrival]

    def _forget(self, item: BufferedEvent) -> None:
        self._events -= 1
        self._bytes -= item.size
