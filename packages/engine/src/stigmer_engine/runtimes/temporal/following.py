"""Following an execution by queries, from run to run: they cost no history, and any worker answers them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal.names import EVENTS_QUERY
from stigmer_engine.runtimes.temporal.telling_run import HandleOf, has_ended, telling_run

_PAGE: Final = 20_000
"""Events. A page is as large as it may be, as each one is a replay once the run is over."""
_FIRST_LOOK: Final = 0.02
_LAST_LOOK: Final = 0.5
_SLOWER: Final = 1.5

# No worker is there, it is busy, or the first workflow task is not over: all of that passes.
_PASSING: Final = frozenset(
    {
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
    }
)

Page = dict[str, Any]


class UnknownExecution(LookupError):
    """Temporal knows no execution of this id, or it has ended and cannot do what was asked."""


def known(error: RPCError, execution_id: str) -> Exception:
    """What an error of Temporal's means for one execution."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return UnknownExecution(f"execution {execution_id!r} is not known to Temporal, or has ended")
    return error


async def follow(handle_of: HandleOf, execution_id: str, after: int) -> AsyncIterator[ProgressEvent]:
    """Every event with a sequence number above `after`, past and future.

    What older runs told is gone when Temporal does not keep them any more; then it begins with the oldest that is left.

    Raises:
        UnknownExecution: there is no such execution.
    """
    # Run ids, each with the number before the first event of the run after it.
    older: list[tuple[str, int]] = []
    newest: str | None = None
    look = _FIRST_LOOK
    while True:
        run = older[-1][0] if older else newest
        try:
            page = await _page(handle_of(run), execution_id, after)
        except UnknownExecution as forgotten:
            after = _beyond(older, forgotten)
            continue
        if page is not None and page["first"] > after and page["previous"]:
            older.append((page["previous"], page["first"]))
            continue
        for shown in page["events"] if page is not None else ():
            event = ProgressEvent.from_json(shown)
            after, look = event.sequence_number, _FIRST_LOOK
            yield event
            if event.terminal:
                return
        if page is not None and page["latest"] > after:
            continue
        if older:
            older.pop()
            continue
        if page is not None and (page["closed"] or newest is not None):
            return
        if page is None and newest is None and await has_ended(handle_of):
            newest = await telling_run(handle_of)
            if newest is None:
                return
        elif page is not None and look >= _LAST_LOOK and await _cut_off(handle_of(None)):
            return
        await asyncio.sleep(look)
        look = min(look * _SLOWER, _LAST_LOOK)


def _beyond(older: list[tuple[str, int]], forgotten: UnknownExecution) -> int:
    """Leave the run out that Temporal has forgotten, if it is an older one; gives the number before the next one's."""
    if not older:
        raise forgotten
    return older.pop()[1]


async def _page(handle: WorkflowHandle[Any, Any], execution_id: str, after: int) -> Page | None:
    """The next events; None when nobody can tell now. Raises UnknownExecution."""
    try:
        page: Page = await handle.query(EVENTS_QUERY, args=[after, _PAGE])
    except WorkflowQueryFailedError:
        return None
    except RPCError as error:
        if error.status in _PASSING:
            return None
        raise known(error, execution_id) from error
    return page


async def _cut_off(handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether the execution was ended without its own doing, so that no last event will ever come."""
    status = (await handle.describe()).status
    return status in (WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT)
