"""`on`: starts that events decide (dsl.md 1.1). A listener without a task, opened anew for each instance."""

from collections.abc import Callable

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models.event import EventConsumption, ReadMode

from stigmer_engine.executors.listen_filter import may_match, placed_filters
from stigmer_engine.executors.listen_strategy import Listener
from stigmer_engine.faults import Fault
from stigmer_engine.frames import UNSET, ListenFrame
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.schedule.starter import Starter


def wanted_events(strategy: EventConsumption) -> Callable[[JsonObject], bool]:
    """Tells of an event whether the strategy can ever consume it, as far as it costs nothing to tell.

    A schedule lives long: what it has no use for must not wait in its inbox.
    """
    until = strategy.until if isinstance(strategy.until, EventConsumption) else None
    if strategy.any == () or (until is not None and until.any == ()):
        return lambda _event: True
    filters = (*placed_filters(strategy), *(placed_filters(until) if until is not None else ()))
    return lambda event: any(may_match(placed, event) for placed in filters)


async def start_on_events(starter: Starter, run: Run, strategy: EventConsumption, read: ReadMode) -> None:
    """Start an instance whenever the strategy is satisfied; its input is the array of the consumed events.

    Events that come while nothing is missing yet wait in the run's inbox for the next instance. A fault of the
    strategy (an `until` that fails) costs the events consumed so far, and no instance. Ends when the strategy can
    never consume anything.
    """
    cursor = 0
    while True:
        frame = ListenFrame(opened_at=run.tree.arrivals, cursor=cursor)
        listener = Listener(
            run=run,
            reference="/schedule/on",
            strategy=strategy,
            read=read,
            foreach=None,
            frame=frame,
            dot=None,
            scope=Scope(),
        )
        try:
            outcome = await listener.listen()
        except Fault as error:
            starter.report(f"schedule.on failed: {error.error.sentence}")
            if frame.expectations is UNSET:
                return
            continue
        if frame.count == 0 and strategy.until is None:
            starter.report("schedule.on consumes no event: `all` is empty")
            return
        if _is_stateless(strategy):
            cursor = frame.cursor
        starter.start(outcome.value)


def _is_stateless(strategy: EventConsumption) -> bool:
    """Whether an event that was of no use for one instance is of no use for any other."""
    filters = (*([strategy.one] if strategy.one else ()), *(strategy.any or ()))
    return strategy.all is None and strategy.until is None and not any(item.correlate for item in filters)
