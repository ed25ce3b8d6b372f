"""A store whose writes are measured."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from sqlalchemy.engine import Connection

from stigmer_server.store.database import Database
from stigmer_server.store.transaction import Transaction

_T = TypeVar("_T")


class MeasuredDatabase:
    """As the store below it.

    `on_written` hears of each write that is committed: the seconds it took, and the phases executions reached by it.
    """

    def __init__(self, database: Database, on_written: Callable[[float, Collection[int]], None]) -> None:
        self._database = database
        self._on_written = on_written
        self.shared = database.shared

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """As `Database.read`."""
        return await self._database.read(work)

    async def write(self, work: Callable[[Transaction], _T]) -> _T:
        """As `Database.write`."""
        began = time.perf_counter()
        phases: tuple[int, ...] = ()

        def watched(transaction: Transaction) -> _T:
            nonlocal phases
            result = work(transaction)
            phases = transaction.reached_phases  # of the last run, which is the one that is committed
            return result

        result = await self._database.write(watched)
        self._on_written(time.perf_counter() - began, phases)
        return result
