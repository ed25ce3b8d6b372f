"""The sink that takes the events of all executions and never holds up one of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

from stigmer_callback._buffer import BufferedEvent, EventBuffer
from stigmer_callback._client import ProgressClient
from stigmer_callback._cool_down import CoolDown
from stigmer_callback._delivery_report import DeliveryReport
from stigmer_callback._event_size import fit
from stigmer_callback._limits import DEFAULT_LIMITS, ReporterLimits
from stigmer_callback._refusal import Verdict, judge
from stigmer_callback.clock import SYSTEM_CLOCK, SYSTEM_RANDOM, Clock, Random
from stigmer_callback.errors import ReportError

log = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 5.0


@dataclass(slots=True, eq=False)
class _Lane:
    """The delivery of one execution: one call at a time, in order."""

    execution_id: str
    failures: int = 0
    pause: asyncio.Task[None] | None = None


class ProgressReporter:
    """Delivers progress events in the background: in order for each execution, at least once, with retry.

    `offer` never waits and never raises. Executions do not wait for each other. Whatever the endpoint does costs events
    at most: those that the bounded buffer cannot hold. The receiver sees a lost event as a missing sequence number.

    An async context manager; leaving it calls `close()`. All methods belong to the thread of the event loop. The client
    stays the caller's to close, after the reporter.
    """

    def __init__(
        self,
        client: ProgressClient,
        *,
        limits: ReporterLimits = DEFAULT_LIMITS,
        clock: Clock = SYSTEM_CLOCK,
        random: Random = SYSTEM_RANDOM,
    ) -> None:
        self._client = client
        self._limits = limits
        self._clock = clock
        self._random = random
        self._buffer = EventBuffer(max_events=limits.max_events, max_bytes=limits.max_bytes)
        self._cool_down = CoolDown(threshold=limits.misses_before_rest, backoff=limits.rest, clock=clock, random=random)
        self._calls = asyncio.Semaphore(limits.max_calls)
        self._suspect_calls = asyncio.Semaphore(limits.max_suspect_calls)
        self._lanes: dict[str, tuple[_Lane, asyncio.Task[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False
        self._counts: Counter[str] = Counter()
        self._overflowing = False
        self._told: set[str] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for execution_id in self._buffer.executions():
            self._open_lane(self._loop, execution_id)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def report(self) -> DeliveryReport:
        """What became of the events so far."""
        undelivered = Counter(item.execution_id for item in self._buffer.items())
        return DeliveryReport(
            offered=self._counts["offered"],
            delivered=self._counts["delivered"],
            rejected=self._counts["rejected"],
            dropped=self._counts["dropped"],
            undelivered=undelivered.total(),
            undelivered_by_execution=dict(undelivered),
        )

    def offer(self, event: WorkflowProgressEvent) -> None:
        """Take `event` for delivery; at once, whatever the state of the endpoint. Do not change the event afterwards.

        Events of one execution are delivered in the order of the calls. After `close` events are only counted.
        """
        self._counts["offered"] += 1
        if self._closed:
            self._drop(1, "the reporter is closed")
            return
        try:
            event, size = fit(event, self._limits.max_event_bytes)
        except Exception as error:  # the promise to the workflow is that nothing here fails it
            self._reject(f"a progress event cannot be encoded: {error}", kind="encoding")
            return
        dropped = self._buffer.add(event, size)
        if dropped:
            self._overflow(len(dropped))
        execution_id = event.workflow_execution_id
        if self._buffer.waiting(execution_id):
            self._empty.clear()
            if self._loop is not None and execution_id not in self._lanes:
                self._open_lane(self._loop, execution_id)

    async def flush(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds until the buffer is empty; return whether it is."""
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, timeout: float = _CLOSE_SECONDS) -> DeliveryReport:
        """Take no more events, deliver the rest for up to `timeout` seconds, and report what was not delivered.

        Every waiting execution gets a last try at once, however long its back-off. A second call reports the same.
        """
        self._closed = True
        if self._loop is not None:
            self._loop = None
            self._cool_down.end_rest()
            for lane, _ in self._lanes.values():
                lane.failures = 0
                if lane.pause is not None:
                    lane.pause.cancel()
            try:
                await self.flush(timeout)
            finally:
                await self._stop()
        report = self.report
        if not report.complete and "close" not in self._told:
            self._told.add("close")
            log.warning(
                "of %d progress events %d were not delivered (%d left in the buffer, %d dropped, %d rejected)",
                report.offered,
                report.offered - report.delivered,
                report.undelivered,
                report.dropped,
                report.rejected,
            )
        return report

    async def _stop(self) -> None:
        self._cool_down.stop()
        tasks = [task for _, task in self._lanes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open_lane(self, loop: asyncio.AbstractEventLoop, execution_id: str) -> None:
        lane = _Lane(execution_id)
        self._lanes[execution_id] = (lane, loop.create_task(self._run_lane(lane)))

    async def _run_lane(self, lane: _Lane) -> None:
        try:
            while self._buffer.waiting(lane.execution_id):
                await self._take_turn(lane)
                if lane.failures:
                    await self._pause(lane)
        finally:
            # Nothing is awaited between the last look at the buffer and here, so no event can slip in between.
            del self._lanes[lane.execution_id]
            if not len(self._buffer):
                self._empty.set()
                self._overflowing = False

    async def _take_turn(self, lane: _Lane) -> None:
        """Make one attempt for the first event of the lane, when a place is free and the endpoint is not at rest."""
        async with self._suspect_calls if lane.failures else self._calls:
            probe = await self._cool_down.admit()
            item = self._buffer.take(lane.execution_id)
            if item is None:  # dropped while the lane waited for its turn
                self._cool_down.withdraw(probe=probe)
                return
            try:
                await self._client.report_progress(item.event)
            except Exception as error:  # a client of the user may raise anything; no run may feel it
                self._failed(lane, item, error, probe=probe)
            except asyncio.CancelledError:
                self._buffer.put_back(item)
                self._cool_down.withdraw(probe=probe)
                raise
            else:
                self._buffer.done(item)
                self._counts["delivered"] += 1
                lane.failures = 0
                self._cool_down.reached()

    def _failed(self, lane: _Lane, item: BufferedEvent, error: Exception, *, probe: bool) -> None:
        verdict = judge(error, refusals=item.refusals, max_refusals=self._limits.max_refusals)
        if verdict is Verdict.ENDPOINT_MISSED:
            self._cool_down.missed(error, probe=probe)
        elif isinstance(error, ReportError):
            self._cool_down.reached()
        else:
            self._cool_down.withdraw(probe=probe)
        where = f"progress event {item.event.sequence_number} of {item.execution_id}"
        if verdict is Verdict.GIVE_UP:
            self._buffer.done(item)
            lane.failures = 0
            self._reject(f"{where} is given up: {error}", kind=type(error).__name__)
        else:
            item.refusals += verdict is Verdict.REFUSED
            self._buffer.put_back(item)
            lane.failures += 1
            log.debug("%s is not delivered yet: %s", where, error)

    async def _pause(self, lane: _Lane) -> None:
        seconds = self._limits.retry.wait_seconds(lane.failures, self._random)
        lane.pause = asyncio.get_running_loop().create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait({lane.pause})
        finally:
            lane.pause.cancel()
            lane.pause = None

    def _overflow(self, count: int) -> None:
        self._drop(count, "")
        if not self._overflowing:
            self._overflowing = True
            log.warning(
                "the progress buffer is full (%d events, %d bytes): the oldest events are dropped, "
                "those that end an execution last; the receiver sees gaps in the sequence numbers",
                len(self._buffer),
                self._buffer.size_bytes,
            )

    def _drop(self, count: int, why: str) -> None:
        self._counts["dropped"] += count
        if why and why not in self._told:
            self._told.add(why)
            log.warning("a progress event is dropped: %s", why)

    def _reject(self, sentence: str, *, kind: str) -> None:
        # The first of a kind is worth a warning; a flood of the same is not.
        level = logging.DEBUG if kind in self._told else logging.WARNING
        self._told.add(kind)
        self._counts["rejected"] += 1
        log.log(level, "%s", sentence)
