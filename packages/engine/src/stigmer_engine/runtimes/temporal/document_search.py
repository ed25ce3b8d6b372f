"""The search for the document of a sub-workflow, at the moment of its start."""

from datetime import timedelta
from typing import Final, cast

from stigmer_dsl.json_types import JsonObject
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from stigmer_engine.interpreter.port import ChildRequest
from stigmer_engine.runtimes.temporal.faults import fault_of
from stigmer_engine.runtimes.temporal.names import DOCUMENT_ACTIVITY, DOCUMENT_ELSEWHERE_ACTIVITY, NO_DOCUMENT
from stigmer_engine.runtimes.temporal.payloads.claimed_text import ClaimedText

_LOOK: Final = timedelta(seconds=30)
_BETWEEN: Final = timedelta(seconds=0.5)


async def find_document(request: ChildRequest, *, searches_elsewhere: int) -> str | None:
    """The text of the document that is asked for, if a worker knows it.

    The worker of this workflow task is asked first, by a local activity. It may be one that does not know the document
    yet, as while documents are rolled out; then any worker is asked, so many times.

    Raises:
        Fault: what the search failed by.
    """
    identity: JsonObject = {"namespace": request.namespace, "name": request.name, "version": request.version}
    try:
        found: ClaimedText | None = await workflow.execute_local_activity(
            DOCUMENT_ACTIVITY,
            identity,
            start_to_close_timeout=_LOOK,
            result_type=cast("type", ClaimedText | None),
        )
        if found is None and searches_elsewhere > 0:
            found = await _elsewhere(identity, searches_elsewhere)
    except FailureError as error:
        raise fault_of(error, "The search for a document") from error
    return found.text if found is not None else None


async def _elsewhere(identity: JsonObject, times: int) -> ClaimedText | None:
    try:
        found: ClaimedText = await workflow.execute_activity(
            DOCUMENT_ELSEWHERE_ACTIVITY,
            identity,
            start_to_close_timeout=_LOOK,
            retry_policy=RetryPolicy(initial_interval=_BETWEEN, backoff_coefficient=1, maximum_attempts=times),
            result_type=ClaimedText,
            summary="look for a document with other workers",
        )
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.type == NO_DOCUMENT:
            return None
        raise
    return found
