"""The event bus of a process whose executions run on Temporal.

Whoever publishes here reaches the subscribers of this process (schedules, executions in process), the executions on
Temporal that listen, wherever they run, and the sink, if there is one.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

from stigmer_dsl.json_types import JsonObject
from temporalio import activity
from temporalio.client import Client

from stigmer_engine.bus import EventPublisher, InMemoryBus, Subscriber
from stigmer_engine.faults import Fault
from stigmer_engine.runtimes.temporal.listening_executions import ListeningExecutions
from stigmer_engine.runtimes.temporal.names import WORKFLOW_TYPE

_log = logging.getLogger(__name__)


class TemporalBus:
    """A bus (`stigmer_engine.bus.EventBus`) that reaches executions by signals. Close it (or use `async with`).

    Args:
        client: as its executions need it; None to `connect` one that is made later, of the engine that has this bus.
        sink: gets each event that is published, before anybody else.
        settle_seconds: after which executions that had just started are looked for once more.
    """

    def __init__(
        self, client: Client | None = None, sink: EventPublisher | None = None, *, settle_seconds: float = 3.0
    ) -> None:
        self._sink = sink
        self._settle = settle_seconds
        self._local = InMemoryBus()
        self._executions: ListeningExecutions | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        if client is not None:
            self.connect(client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def connect(self, client: Client) -> None:
        """Reach the executions in a client's namespace from now on."""
        self._executions = ListeningExecutions(client, settle_seconds=self._settle)

    async def close(self) -> None:
        """Wait for the events that are on their way. To be done before the client goes."""
        await asyncio.gather(*self._under_way)
        if self._executions is not None:
            await self._executions.close()

    async def publish(self, event: JsonObject) -> None:
        """Give the event to the sink, the subscribers here, and the executions that listen.

        Within the activity of an `emit`, the execution that emits is left out: it takes the event by itself.

        Raises:
            Fault: `communication`, from the sink, or when Temporal could not be asked. Some may have got the event.
        """
        if self._sink is not None:
            await self._sink.publish(event)
        await self.deliver(event)

    async def deliver(self, event: JsonObject) -> None:
        """Give an event from outside to the subscribers here, and to the executions that listen.

        Raises:
            Fault: `communication`, when Temporal could not be asked.
        """
        self._local.receive(event)
        if self._executions is not None:
            key, skip = _origin()
            await self._executions.deliver(event, key=key, skip=skip)

    def receive(self, event: JsonObject) -> None:
        """`deliver` in the background: what goes wrong is only logged."""
        task = asyncio.create_task(self._deliver_or_log(event))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Get every event from now on that is published or received here; call the result to stop."""
        return self._local.subscribe(subscriber)

    async def _deliver_or_log(self, event: JsonObject) -> None:
        try:
            await self.deliver(event)
        except Fault as problem:
            _log.warning("the event %s did not reach everybody who listens: %s", event.get("id"), problem)


def _origin() -> tuple[str, str]:
    """The key of a delivery, the same when the activity of an `emit` is tried again, and who must not get it."""
    if activity.in_activity():
        info = activity.info()
        if info.workflow_type == WORKFLOW_TYPE and info.workflow_id:
            return f"{info.workflow_id}/{info.activity_id}", info.workflow_id
    return str(uuid.uuid4()), ""
