"""A schedule: a document that starts by itself until it is stopped."""

import asyncio
from collections.abc import Awaitable, Callable

from stigmer_dsl import Duration
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models.event import EventConsumption, ReadMode
from stigmer_dsl.models.schedule import Schedule as ScheduleSettings

from stigmer_engine.bus.port import EventBus, Subscriber
from stigmer_engine.execution import Execution
from stigmer_engine.faults import Fault, fault
from stigmer_engine.interpreter.lifecycle import duration_seconds
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.runtimes.asyncio.runtime import Clock
from stigmer_engine.schedule.config import ScheduleConfig
from stigmer_engine.schedule.consumption import start_on_events, wanted_events
from stigmer_engine.schedule.cron import Cron, InvalidCron
from stigmer_engine.schedule.starter import Starter, StartInstance
from stigmer_engine.schedule.timers import start_after, start_by_cron, start_every


class Schedule:
    """Starts executions of one document as its `schedule` says. Made by `Engine.schedule`.

    Each of `every`, `cron`, `after` and `on` works for itself when there are several. What goes wrong here never
    faults an instance; it is logged, and the newest is in `problem`.
    """

    def __init__(self, *, run: Run, start: StartInstance, bus: EventBus, clock: Clock, config: ScheduleConfig) -> None:
        document = run.prepared.workflow.document
        self.id = run.tree.execution_id
        self.name = f"{document.namespace}/{document.name}:{document.version}"
        self._run = run
        self._clock = clock
        self._config = config
        self._starter = Starter(self.name, start, config.executions_kept, clock)
        settings = run.prepared.workflow.schedule
        assert settings is not None
        self._unsubscribe: Callable[[], None] = lambda: None
        if settings.on is not None:
            self._unsubscribe = bus.subscribe(self._deliver_if(wanted_events(settings.on)))
        self._tasks = [asyncio.ensure_future(self._guard(trigger)) for trigger in self._triggers(settings)]

    @property
    def executions(self) -> tuple[Execution, ...]:
        """The newest executions it started, oldest first; how many are kept, `ScheduleConfig` says."""
        return tuple(self._starter.executions)

    @property
    def count(self) -> int:
        """How many executions it has started."""
        return self._starter.count

    @property
    def last_time(self) -> float | None:
        """When it started an execution last, in Unix seconds; None when it has not yet."""
        return self._starter.last_time

    @property
    def next_time(self) -> float | None:
        """When the clock starts the next execution, in Unix seconds; None when only events, or nothing, will."""
        return self._starter.next_time if self.active else None

    @property
    def problem(self) -> str:
        """What went wrong last with the schedule itself; empty when nothing did."""
        return self._starter.problem

    @property
    def active(self) -> bool:
        """Whether it can start anything any more."""
        return any(not task.done() for task in self._tasks)

    def stop(self) -> None:
        """Start nothing from now on. Executions under way go on. Stopping twice is the same as once."""
        self._unsubscribe()
        for task in self._tasks:
            task.cancel()

    async def wait_stopped(self) -> None:
        """Wait until it starts nothing any more, by `stop` or because nothing is left to start it."""
        for task in self._tasks:
            await _ended(task)

    def _triggers(self, settings: ScheduleSettings) -> list[Callable[[], Awaitable[None]]]:
        triggers: list[Callable[[], Awaitable[None]]] = []
        every, cron, after, on = settings.every, settings.cron, settings.after, settings.on
        starter, clock = self._starter, self._clock
        if every is not None:
            triggers.append(lambda: self._timed("every", every, start_every))
        if cron is not None:
            triggers.append(lambda: start_by_cron(starter, Cron(cron, self._config.time_zone), clock))
        if after is not None:
            triggers.append(lambda: self._timed("after", after, start_after))
        if on is not None:
            triggers.append(lambda: self._on_events(on, settings.read or "data"))
        return triggers

    async def _timed(
        self, name: str, duration: Duration | str, trigger: Callable[[Starter, float, Clock], Awaitable[None]]
    ) -> None:
        seconds = await duration_seconds(self._run, f"schedule.{name}", duration, None, Scope())
        if seconds <= 0:
            raise fault("configuration", f"schedule.{name} is not longer than nothing")
        await trigger(self._starter, seconds, self._clock)

    async def _on_events(self, strategy: EventConsumption, read: ReadMode) -> None:
        try:
            await start_on_events(self._starter, self._run, strategy, read)
        finally:
            self._unsubscribe()

    def _deliver_if(self, wanted: Callable[[JsonObject], bool]) -> Subscriber:
        def deliver(event: JsonObject) -> None:
            if wanted(event):
                self._run.deliver(event)

        return deliver

    async def _guard(self, trigger: Callable[[], Awaitable[None]]) -> None:
        try:
            await trigger()
        except Fault as error:
            self._starter.report(error.error.sentence)
        except InvalidCron as error:
            self._starter.report(f"schedule.cron cannot be used: {error}")


async def _ended(task: "asyncio.Future[None]") -> None:
    # `await task` would raise for the task's own cancellation just as for ours; waiting for the event tells them apart.
    if not task.done():
        done = asyncio.Event()
        task.add_done_callback(lambda _task: done.set())
        await done.wait()
