"""Writers that come at the same time share one transaction, yet one that fails is undone alone."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from stigmer_server.store.transaction import Transaction
from stigmer_server.store.unreachable import is_unreachable

_T = TypeVar("_T")
_LARGEST_GROUP = 256


@dataclass(slots=True, eq=False)
class _Write:
    work: Callable[[Transaction], Any]
    done: asyncio.Future[Any]


@dataclass(slots=True, eq=False)
class _Outcome:
    write: _Write
    result: Any = None
    failure: Exception | None = None


class GroupCommit:
    """Runs writes one after the other in a thread of their own and commits those together that wait at the same time.

    A write that raises is undone alone. A write is answered only after the commit; one whose caller has gone is done
    all the same. `publish` gets the executions that the group changed, in the thread of the event loop.
    """

    def __init__(self, engine: Engine, publish: Callable[[frozenset[str]], None]) -> None:
        self._engine = engine
        self._publish = publish
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="group commit", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Transaction], _T]) -> _T:
        """The result of `work` once it is committed. Raises what `work` raises, or the error of the commit."""
        if self._closed:
            raise RuntimeError("the store is closed")
        done: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.put(_Write(work, done))
        return cast("_T", await done)

    async def close(self) -> None:
        """Finish the writes that wait, then stop."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            last = False
            while len(group) < _LARGEST_GROUP and not self._waiting.empty():
                write = self._waiting.get()
                if write is None:
                    last = True
                    break
                group.append(write)
            outcomes, changed = self._commit(group)
            self._loop.call_soon_threadsafe(self._answer, outcomes, changed)
            if last:
                return

    def _commit(self, group: list[_Write]) -> tuple[list[_Outcome], frozenset[str]]:
        """Nearly always every write succeeds: savepoints are set only once one of the group has failed."""
        try:
            return self._attempt(group, savepoints=False)
        except DBAPIError as error:
            if is_unreachable(error):  # SQLite has undone everything, savepoints too
                return _all_failed(group, error)
        except Exception:  # noqa: S110 - whose failure it is shows the next attempt, from a clean start
            pass
        try:
            return self._attempt(group, savepoints=True)
        except Exception as error:  # whatever keeps the commit from the disk is every writer's failure
            return _all_failed(group, error)

    def _attempt(self, group: list[_Write], *, savepoints: bool) -> tuple[list[_Outcome], frozenset[str]]:
        outcomes: list[_Outcome] = []
        changed: set[str] = set()
        with self._engine.connect() as connection, connection.begin():
            for write in group:
                transaction = Transaction(connection)
                outcome = _Outcome(write)
                try:
                    with connection.begin_nested() if savepoints else nullcontext():
                        outcome.result = write.work(transaction)
                    changed |= transaction.changed_executions
                except Exception as error:  # handed to who asked for the write
                    if not savepoints:
                        raise
                    outcome.failure = error
                outcomes.append(outcome)
        return outcomes, frozenset(changed)

    def _answer(self, outcomes: list[_Outcome], changed: frozenset[str]) -> None:
        self._publish(changed)
        for outcome in outcomes:
            if outcome.write.done.done():
                continue
            if outcome.failure is not None:
                outcome.write.done.set_exception(outcome.failure)
            else:
                outcome.write.done.set_result(outcome.result)


def _all_failed(group: list[_Write], error: Exception) -> tuple[list[_Outcome], frozenset[str]]:
    return [_Outcome(write, failure=error) for write in group], frozenset()
