"""Errors of Temporal and of the blob store, as refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from stigmer_engine import Fault
from stigmer_engine.runtimes.temporal import UnknownExecution
from stigmer_engine.runtimes.temporal.payloads import PayloadProblem
from stigmer_engine.runtimes.temporal.payloads.problems import NoKeyForSecrets
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.executions.admission import not_found
from stigmer_runner.refusals import Reason, Refused

_WRONG: Final = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION})


@contextmanager
def refusals(execution_id: str) -> Iterator[None]:
    """Turn what goes wrong inside into Refused; `execution_id` is what it is about."""
    try:
        yield
    except UnknownExecution:
        raise unknown(execution_id) from None
    except RPCError as error:
        raise refusal(error, execution_id) from None
    except Fault as problem:
        # The document sets what this namespace cannot hold.
        raise Refused(Reason.INVALID_DOCUMENT, str(problem), field="workflow_yaml") from None
    except NoKeyForSecrets as problem:
        raise Refused(Reason.NO_KEY_FOR_SECRETS, str(problem)) from None
    except PayloadProblem as problem:
        raise Refused(Reason.STORE_UNAVAILABLE, str(problem)) from None


def unknown(execution_id: str) -> Refused:
    """The refusal of an id that Temporal does not know."""
    return not_found(execution_id, "it never started on Temporal, or it ended and Temporal has forgotten it")


def refusal(error: RPCError, execution_id: str) -> Refused:
    """What an error of Temporal's means for whoever asked about an execution."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return unknown(execution_id)
    if error.status in _WRONG:
        return Refused(Reason.INVALID_REQUEST, f"Temporal does not take the request: {error.message}")
    return Refused(
        Reason.TEMPORAL_UNAVAILABLE,
        f"Temporal could not be asked about execution {execution_id!r} ({error.status.name}); try again",
    )
