"""`listen`: events awaited (dsl.md 1.4, 1.9)."""

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import ListenTask, TaskBase

from stigmer_engine.executors.listen_strategy import Listener
from stigmer_engine.frames import ListenFrame, TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope


async def run_listen(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: the consumed events in their order, as `read` and `foreach.output` make them."""
    assert isinstance(task, ListenTask)
    listening = frame.body
    if listening is None:
        listening = frame.body = ListenFrame(opened_at=run.tree.arrivals)
    assert isinstance(listening, ListenFrame)
    listener = Listener(
        run=run,
        reference=frame.reference,
        strategy=task.listen.to,
        read=task.listen.read,
        foreach=task.foreach,
        frame=listening,
        dot=input_of(frame),
        scope=scope,
    )
    try:
        outcome = await listener.listen()
    finally:
        # Whoever waits for what becomes of the newest event, would wait for ever after a fault in `foreach`.
        if listening.phase == "each":
            run.receipt(listening.cursor, frame.reference, settled=True)
    keys = _correlation_keys(listening)
    if keys:
        frame.notes = {"correlation_keys": keys}
    return outcome


def _correlation_keys(frame: ListenFrame) -> JsonObject:
    keys: JsonObject = {}
    if isinstance(frame.expectations, dict):
        for values in frame.expectations.values():
            keys.update(values if isinstance(values, dict) else {})
    keys.update(frame.correlations)
    return keys
