"""The local activity that stores the end of an execution of which no runner will tell."""

from collections.abc import Callable
from typing import Any

from stigmer_ports.logs import get_logger
from temporalio import activity

from stigmer_server.executions.own_events import cancelled_event, failed_event
from stigmer_server.orchestration.temporal.names import UPDATE_ACTIVITY
from stigmer_server.store.database import Database
from stigmer_server.store.event_log import append_own_event

log = get_logger(__name__)


def update_activity(database: Database) -> Callable[..., Any]:
    """The activity; an execution that has ended already stays as it is."""

    @activity.defn(name=UPDATE_ACTIVITY)
    async def update(execution_id: str, how: str, message: str) -> None:
        make = cancelled_event if how == "cancelled" else failed_event
        event = make(execution_id, message)
        if await database.write(lambda transaction: append_own_event(transaction, event)):
            log.warning("execution ended without its runner", execution_id=execution_id, status=how, cause=message)

    return update
