"""`on`: starts that events decide (dsl.md 1.1). A listener without a task, opened anew for each instance."""

from stigmer_dsl.models.event import EventConsumption, ReadMode

from stigmer_engine.executors.listen_strategy import Listener
from stigmer_engine.faults import Fault
from stigmer_engine.frames import UNSET, ListenFrame
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.schedule.starter import Starter


async def start_on_events(starter: Starter, run: Run, strategy: EventConsumption, read: ReadMode) -> None:
    """Start an instance whenever the strategy is satisfied; its input is the array of the consumed events.

    Events that come while nothing is missing yet wait in the run's inbox for the next instance. A fault of the
    strategy (an `until` that fails) costs the events consumed so far, and no instance. Ends when the strategy can
    never consume anything.
    """
    while True:
        frame = ListenFrame(opened_at=run.tree.arrivals)
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
        starter.start(outcome.value)
