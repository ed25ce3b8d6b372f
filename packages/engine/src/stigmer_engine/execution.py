"""One execution, on whatever runtime: followed, paused, resumed, cancelled, awaited, or moved elsewhere."""

import asyncio
import contextlib
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.event_log import EventLog
from stigmer_engine.events import EventType, Status
from stigmer_engine.faults import WorkflowError, fault
from stigmer_engine.frames import Tree, decode_tree, encode_tree, open_tasks, shift_times
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.outcome import Cancelled, Completed, Ending, Faulted, Frozen
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.snapshot import Snapshot, reduce

_log = logging.getLogger(__name__)


class WrongState(Exception):
    """The execution's state forbids what was asked; the text says which state that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an execution ended: `completed` with an output, `failed` with an error, or `cancelled`."""

    status: Status
    output: JsonValue = None
    error: WorkflowError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """An execution that stopped here to go on elsewhere: its serialised tree, and whether a user holds it paused."""

    tree: JsonObject
    pausing: bool
    reason: str


class Execution:
    """A running, paused or ended execution. Made by `Engine.start`; use it from the loop that started it.

    Control calls are synchronous requests: their effect shows in the event log. Asking for the state that is
    already reached is a success.

    Args:
        tree: where it stands; new, or frozen in another process.
        log: holds the events from the tree's on.
        snapshot: the state that the events before the log's add up to.
        departed: how it left where it ran before.
        contain_defects: whether a defect of the engine ends the execution, or leaves `wait` as the exception it is.
    """

    def __init__(
        self,
        tree: Tree,
        log: EventLog,
        interpret: Callable[[Tree], Interpreter],
        *,
        snapshot: Snapshot | None = None,
        departed: Departure | None = None,
        contain_defects: bool = True,
    ) -> None:
        self.id = tree.execution_id
        self.log = log
        self._tree = tree
        self._interpret = interpret
        self._interpreter = interpret(tree)
        self._snapshot = snapshot or Snapshot(execution_id=tree.execution_id)
        self._contain_defects = contain_defects
        self._pausing = departed.pausing if departed else False
        self._pause_reason = departed.reason if departed else ""
        self._cancelled = False
        self._ending = False
        self._leaving = False
        self._warned_of_dropped = False
        self._resumed = asyncio.Event()
        self._late: list[JsonObject] = []
        self._inner: Result | None = None
        self._running = False
        self._task = asyncio.ensure_future(self._drive())

    @property
    def snapshot(self) -> Snapshot:
        """The state now."""
        seen = self._snapshot.sequence_number
        if seen < self.log.size:
            self._snapshot = reduce(self._snapshot, self.log.since(seen))
        return self._snapshot

    @property
    def status(self) -> Status:
        """`pending` before the first event, then what the workflow's last event says."""
        return self.log.status or self._snapshot.status

    @property
    def document(self) -> PreparedDocument:
        """What is executed."""
        return self._interpreter.run_state.prepared

    @property
    def context(self) -> JsonValue:
        """`$context` as it is now; `[secret:NAME]` stands for placeholders of secrets."""
        return self._interpreter.run_state.telling.value(self._tree.context)

    @property
    def input(self) -> JsonValue:
        """The raw input it was started with; `[secret:NAME]` stands for placeholders of secrets."""
        return self._interpreter.run_state.telling.value(self._tree.raw_input)

    @property
    def open_tasks(self) -> list[str]:
        """JSON pointers of the tasks that have begun and not ended, innermost first."""
        return [task.reference for task in open_tasks(self._tree.root)]

    @property
    def done(self) -> bool:
        """Whether the execution has ended."""
        return self._task.done()

    async def wait(self) -> Result:
        """The result; `[secret:NAME]` stands for placeholders. Cancelling this wait does not touch the execution."""
        result = await asyncio.shield(self._task)
        if result is None and self.log.closed:
            # It had left when it was cancelled.
            return Result(status=Status.CANCELLED)
        assert result is not None, "the execution went on elsewhere"
        return result

    async def wait_stopped(self) -> None:
        """Wait until it has ended, or has left. Raises the defect that broke it, unless defects are contained."""
        await asyncio.shield(self._task)

    def departure(self) -> Departure | None:
        """How to go on elsewhere, once it has left; None when it has ended. To be used before anything else happens."""
        if self.log.closed:
            return None
        return Departure(tree=encode_tree(self._tree), pausing=self._pausing, reason=self._pause_reason)

    async def wait_inside(self) -> Result:
        """The result for the execution that this one is a sub-workflow of: with placeholders, that a call fills in."""
        told = await self.wait()
        return told if self._inner is None else self._inner

    def on_done(self, callback: "Callable[[Execution], object]") -> None:
        """Call back once, when the execution has ended."""
        self._task.add_done_callback(lambda _task: callback(self))

    def cancel(self, reason: str = "") -> None:
        """End the execution; waits and calls are interrupted.

        Raises:
            WrongState: it has completed or failed.
        """
        if self.log.closed:
            self._require(Status.CANCELLED)
            return
        self._cancelled = True
        self._interpreter.cancel(reason)
        self._pause_reason = reason
        self._resumed.set()
        self._stay(reason)

    def wind_down(self, reason: str = "") -> None:
        """End the execution as cancelled once the calls under way are over; nothing new starts. `cancel` hurries it.

        Raises:
            WrongState: it has completed or failed.
        """
        if self.log.closed:
            self._require(Status.CANCELLED)
            return
        self._ending = True
        self._pause_reason = reason
        self._drain()
        self._resumed.set()
        self._stay(reason)

    def pause(self, reason: str = "") -> None:
        """Stop at the next boundary: calls under way finish, nothing new starts, and time stands still.

        Raises:
            WrongState: it has ended.
        """
        if self.log.closed:
            raise WrongState(f"execution {self.id} is {self.status}; only a running execution can be paused")
        if not self._pausing:
            self._pausing = True
            self._pause_reason = reason
            self._drain()

    def resume(self, reason: str = "") -> None:
        """Go on after a pause, with the remaining time of every wait and timeout.

        Raises:
            WrongState: it has ended.
        """
        if self.log.closed:
            raise WrongState(f"execution {self.id} is {self.status}; only a paused execution can be resumed")
        if self._pausing:
            self._pausing = False
            self._pause_reason = reason
            if self._running and not (self._ending or self._leaving):
                self._interpreter.stop_draining()
            self._resumed.set()

    def deliver(self, event: JsonObject) -> int | None:
        """Hand an event in, for the tasks that listen or will listen; dropped when the execution has ended.

        Returns:
            The number under which a `Receipt` tells what became of it; None when it was dropped.
        """
        if self.log.closed:
            return None
        run = self._interpreter.run_state
        if run.frozen is None:
            number = run.deliver(event)
            self._warn_of_dropped()
            return number
        self._late.append(event)
        return run.tree.arrivals + len(self._late)

    def _warn_of_dropped(self) -> None:
        dropped = self._interpreter.run_state.dropped
        if dropped and not self._warned_of_dropped:
            self._warned_of_dropped = True
            _log.warning("execution %s has more events waiting than it may keep; the oldest are dropped", self.id)

    def reenter(self) -> None:
        """Freeze at the next boundary and go on at once from the serialised tree, as another process would.

        Nobody sees it in the events. Has no effect on an execution that is paused or has ended.
        """
        if not self.log.closed and not self._pausing:
            self._drain()

    def leave(self) -> None:
        """Freeze at the next boundary and stop here: `departure` tells how to go on. Nobody sees it in the events.

        A paused execution leaves at once. Has no effect on one that has ended.
        """
        if not self.log.closed and not self._leaving:
            self._leaving = True
            self._drain()
            self._resumed.set()

    def _stay(self, reason: str) -> None:
        """End here what was about to leave."""
        if self._task.done():
            self._interpreter.abandon(reason)

    async def close(self) -> None:
        """Cancel if it still runs, and wait for the end."""
        # Between its last event and the end of its task it has ended already, and cannot be cancelled.
        if not self.log.closed:
            self.cancel("the engine is closing")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)

    def _require(self, status: Status) -> None:
        if self.status is not status:
            raise WrongState(f"execution {self.id} is already {self.status}")

    async def _drive(self) -> Result | None:
        over = await self._hold() if self._tree.paused_at is not None else None
        while over is None and not self._leaving:
            try:
                ending = await self._interpreted()
            except Exception as defect:
                if not self._contain_defects:
                    raise
                return self._broken(defect)
            if not isinstance(ending, Frozen):
                return self._ended(ending)
            over = await self._reopen(ending)
        return self._ended(over) if over is not None else None

    async def _interpreted(self) -> Ending:
        if self._pausing or self._leaving or self._ending:
            self._interpreter.drain()
        self._running = True
        try:
            return await self._interpreter.run()
        finally:
            self._running = False

    def _drain(self) -> None:
        """Freeze what runs; what does not run stands still already, and is looked after before it runs again."""
        if self._running:
            self._interpreter.drain()

    async def _reopen(self, frozen: Frozen) -> Cancelled | None:
        """Stand where the frozen tree stands, and stay there while paused; the end, if that is where it is."""
        # Through text, so that nothing but the text can be what a run goes on from.
        self._tree = decode_tree(json.loads(json.dumps(frozen.tree)))
        self._interpreter = self._interpret(self._tree)
        if self._cancelled or self._ending:
            return self._interpreter.abandon(self._pause_reason)
        late, self._late = self._late, []
        for event in late:
            self._interpreter.run_state.deliver(event)
        return await self._hold() if self._pausing else None

    def _ended(self, ending: Ending) -> Result:
        match ending:
            case Completed(output, told):
                self._inner = Result(status=Status.COMPLETED, output=output)
                return Result(status=Status.COMPLETED, output=told)
            case Faulted(error, told):
                self._inner = Result(status=Status.FAILED, error=error)
                return Result(status=Status.FAILED, error=told)
            case _:
                return Result(status=Status.CANCELLED)

    def _broken(self, defect: Exception) -> Result:
        """End the run after a defect of the engine, so that nobody waits for ever. Only the kind of it is told:
        its text may hold data of the run."""
        where = traceback.extract_tb(defect.__traceback__)[-1]
        _log.error("execution %s: %s in %s, line %s", self.id, type(defect).__name__, where.filename, where.lineno)
        error = fault("runtime", "Internal error of the engine", type(defect).__name__).error
        run = self._interpreter.run_state
        run.abandon(run.tree.root)
        run.report(EventType.WORKFLOW_FAILED, Status.FAILED, f"Workflow failed: {error.sentence}", error=error)
        return Result(status=Status.FAILED, error=error)

    async def _hold(self) -> Cancelled | None:
        """Stay paused until resumed or leaving (None), or cancelled."""
        interpreter, tree = self._interpreter, self._tree
        if tree.paused_at is None:
            tree.paused_at = interpreter.run_state.runtime.now()
            interpreter.run_state.report(
                EventType.WORKFLOW_PAUSED, Status.PAUSED, _sentence("paused", self._pause_reason)
            )
        while self._pausing and not (self._cancelled or self._ending or self._leaving):
            self._resumed.clear()
            await self._resumed.wait()
        if self._cancelled or self._ending:
            return interpreter.abandon(self._pause_reason)
        if self._pausing:
            return None
        shift_times(tree, interpreter.run_state.runtime.now() - tree.paused_at)
        tree.paused_at = None
        interpreter.run_state.report(
            EventType.WORKFLOW_RESUMED, Status.RUNNING, _sentence("resumed", self._pause_reason)
        )
        return None


def _sentence(what: str, reason: str) -> str:
    return f"Workflow {what}: {reason}" if reason else f"Workflow {what}"
