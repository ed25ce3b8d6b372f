"""Works through the outbox: every order is tried until it is done or can never be."""

import asyncio
import contextlib
import random
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase

from stigmer_server.executions.own_events import cancelled_event, failed_event
from stigmer_server.orchestration.port import Orchestrator
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store.database import Database
from stigmer_server.store.event_log import append_own_event
from stigmer_server.store.executions import read_execution, replace_status
from stigmer_server.store.outbox import Action, Order, drop_order, orders_of, postpone_order, release_orders, take_due
from stigmer_server.store.transaction import Transaction

log = get_logger(__name__)

_LOOK_ANYWAY_SECONDS: Final = 1.0
_ORDERS_AT_ONCE: Final = 32
_LONGEST_WAIT_SECONDS: Final = 30.0
_LONGEST_WAIT_FOR_ROOM_SECONDS: Final = 2.0


class Dispatcher:
    """Takes due orders and gives them to the orchestrator, many at a time. An async context manager.

    An order is taken on a lease: when this server dies over it, another one, or the next start, takes it again once the
    lease has ended; at once when it stops in order.
    """

    def __init__(self, database: Database, orchestrator: Orchestrator, *, lease_seconds: float) -> None:
        self._database = database
        self._orchestrator = orchestrator
        self._lease_ms = int(lease_seconds * 1000)
        self._woken = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()
        self._leased: set[str] = set()
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._run(), name="dispatcher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._working, *([self._loop] if self._loop is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._leased:
            left = frozenset(self._leased)
            with contextlib.suppress(Refused):  # the store is away: the leases end by themselves
                await self._database.write(lambda transaction: release_orders(transaction, left))

    def wake(self) -> None:
        """There is a new order."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                taken = await self._take()
            except Refused:
                taken = 0  # the store is away, which it tells itself
            except Exception:
                log.exception("orders cannot be read; they are kept")
                taken = 0
            if taken == 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_ANYWAY_SECONDS):
                        await self._woken.wait()

    async def _take(self) -> int:
        """Begin with the orders that are due, as many as there are places for; how many those were."""
        if len(self._working) >= _ORDERS_AT_ONCE:
            await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
        room = _ORDERS_AT_ONCE - len(self._working)
        orders = await self._database.write(
            lambda transaction: take_due(transaction, lease_ms=self._lease_ms, limit=room)
        )
        for order in orders:
            self._leased.add(order.id)
            task = asyncio.create_task(self._work(order))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return len(orders)

    async def _work(self, order: Order) -> None:
        try:
            await self._settle(order)
        except Refused as refused:
            # The store is away: the order is taken again when its lease has ended.
            log.debug("what became of an order is not noted", execution_id=order.execution_id, cause=refused.message)
        except Exception:
            log.exception("what became of an order cannot be noted", execution_id=order.execution_id)
        self._leased.discard(order.id)

    async def _settle(self, order: Order) -> None:
        try:
            if order.action is Action.START:
                await self._start(order)
            else:
                await self._cancel(order)
        except Refused as refused:
            await self._refused(order, refused)
        except Exception as error:
            log.exception("an order failed; it is kept", action=order.action, execution_id=order.execution_id)
            await self._postpone(order, Refused(Reason.RUNNER_UNAVAILABLE, f"a defect: {type(error).__name__}"))
        else:
            await self._database.write(lambda transaction: drop_order(transaction, order.id))

    async def _start(self, order: Order) -> None:
        stored, orders = await self._database.read(
            lambda connection: (
                read_execution(connection, order.execution_id),
                orders_of(connection, order.execution_id),
            )
        )
        if stored is None or stored.phase != ExecutionPhase.EXECUTION_PENDING:
            return  # deleted, ended, or its first events came before the answer
        if any(other.action is not Action.START for other in orders):
            return  # it is to be cancelled, which comes next
        await self._orchestrator.start(stored)
        log.info("execution started", execution_id=order.execution_id, attempts=order.attempts)

    async def _cancel(self, order: Order) -> None:
        stored = await self._database.read(lambda connection: read_execution(connection, order.execution_id))
        runner_id = order.runner_id or (stored.runner_id if stored is not None else "")
        force = order.action is Action.CANCEL_BY_FORCE
        if await self._orchestrator.cancel(order.execution_id, runner_id, order.reason, force=force):
            return
        # No runner has it, so nobody else will tell that it is over.
        event = cancelled_event(order.execution_id, order.reason)
        await self._database.write(lambda transaction: append_own_event(transaction, event))

    async def _refused(self, order: Order, refused: Refused) -> None:
        if order.action is not Action.START or refused.reason is not Reason.INVALID_SPEC:
            await self._postpone(order, refused)
            return
        log.warning("execution cannot be started", execution_id=order.execution_id, cause=refused.message)
        event = failed_event(order.execution_id, refused.message)

        def fail(transaction: Transaction) -> None:
            append_own_event(transaction, event)
            drop_order(transaction, order.id)

        await self._database.write(fail)

    async def _postpone(self, order: Order, refused: Refused) -> None:
        longest = _LONGEST_WAIT_FOR_ROOM_SECONDS if refused.reason is Reason.TRY_AGAIN else _LONGEST_WAIT_SECONDS
        seconds = min(longest, 0.25 * 2 ** min(order.attempts, 10)) * random.uniform(0.5, 1)  # noqa: S311 - spreads out
        told_already = refused.message == order.last_error

        def postpone(transaction: Transaction) -> None:
            postpone_order(transaction, order.id, seconds=seconds, error=refused.message)
            if order.action is Action.START and not told_already:
                _tell_why_pending(transaction, order.execution_id, refused.message)

        await self._database.write(postpone)
        if not told_already:
            log.warning(
                "an order is not done yet", action=order.action, execution_id=order.execution_id, cause=refused.message
            )


def _tell_why_pending(transaction: Transaction, execution_id: str, why: str) -> None:
    stored = read_execution(transaction.connection, execution_id, lock=True)
    if stored is not None and stored.phase == ExecutionPhase.EXECUTION_PENDING:
        replace_status(transaction, stored, replace(stored.status, error=f"not started yet: {why}"))
