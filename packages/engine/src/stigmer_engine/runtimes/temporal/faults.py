"""Faults as Temporal failures, and failures as faults."""

import asyncio
from typing import Final

from stigmer_dsl.json_types import JsonObject
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ApplicationErrorCategory,
    ChildWorkflowError,
    FailureError,
)
from temporalio.exceptions import CancelledError as TemporalCancelledError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

from stigmer_engine.faults import Fault, WorkflowError, fault
from stigmer_engine.runtimes.temporal.names import FAULT_TYPE

_MOST_CHARACTERS: Final = 2_000


def failure_of(error: WorkflowError) -> ApplicationError:
    """The failure that carries an error; Temporal never retries it, as only the document decides on that.

    Nor does it log it with a stack trace, of which only the engine would be the subject. The error itself may be as
    large as any payload; its sentence is a part of the failure, of which Temporal takes no more than 2 MB.
    """
    benign, sentence = ApplicationErrorCategory.BENIGN, error.sentence[:_MOST_CHARACTERS]
    return ApplicationError(sentence, error.to_json(), type=FAULT_TYPE, non_retryable=True, category=benign)


def error_of(failure: BaseException | None) -> WorkflowError | None:
    """The error that a failure carries, if it carries one."""
    if isinstance(failure, ApplicationError) and failure.type == FAULT_TYPE and failure.details:
        shown: JsonObject = failure.details[0]
        return WorkflowError.from_json(shown)
    return None


def fault_of(error: FailureError, what: str) -> Fault:
    """The fault of a task whose activity or sub-workflow failed; a local activity fails with its cause itself.

    Raises:
        asyncio.CancelledError: the task that waited is being cancelled; Temporal tells that as a failure too.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
    cause: BaseException | None = error.cause if isinstance(error, ActivityError | ChildWorkflowError) else error
    carried = error_of(cause)
    if carried is not None:
        return Fault(carried)
    if isinstance(cause, TemporalTimeoutError):
        which = cause.type.name.lower().replace("_", "-") if cause.type is not None else "time"
        return fault("timeout", f"{what} took too long", f"its {which} timeout is over")
    if isinstance(cause, TemporalCancelledError):
        return fault("runtime", f"{what} was cancelled")
    if isinstance(cause, ApplicationError):
        kind = f"{cause.type}: " if cause.type else ""
        return fault("runtime", f"{what} failed", f"{kind}{cause.message}")
    message = cause.message if isinstance(cause, FailureError) else str(error)
    return fault("runtime", f"{what} failed", message)
