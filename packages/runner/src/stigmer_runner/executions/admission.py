"""Checks on a request to start that need no engine."""

from collections.abc import Iterable

from stigmer_engine import Status, new_execution_id

from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.executions.run import Run
from stigmer_runner.refusals import Reason, Refused

_MAX_ID_CHARS = 256
# Temporal's ids have at most 1000 bytes, of which a prefix and the numbers of sub-workflows take some.
_MAX_ID_BYTES = 800
_PATH_STEPS = frozenset({".", ".."})


def execution_id_of(request: ExecutionRequest) -> str:
    """The id asked for, or a new one. Ids are opaque, but they must fit into a URL and a log. Raises Refused."""
    if not request.execution_id:
        if request.document:
            return new_execution_id()
        raise Refused(
            Reason.INVALID_REQUEST,
            "the request has neither workflow_yaml nor workflow_execution_id; send a document, or an id to pull it by",
            field="workflow_execution_id",
        )
    if len(request.execution_id) > _MAX_ID_CHARS or not request.execution_id.isprintable():
        raise Refused(
            Reason.INVALID_REQUEST,
            f"workflow_execution_id must be printable and have at most {_MAX_ID_CHARS} characters",
            field="workflow_execution_id",
        )
    if len(request.execution_id.encode()) > _MAX_ID_BYTES:
        raise Refused(
            Reason.INVALID_REQUEST,
            f"workflow_execution_id must have at most {_MAX_ID_BYTES} bytes in UTF-8",
            field="workflow_execution_id",
        )
    if request.execution_id in _PATH_STEPS:
        raise Refused(
            Reason.INVALID_REQUEST,
            f"workflow_execution_id cannot be {request.execution_id!r}: in a URL it names no execution; use another id",
            field="workflow_execution_id",
        )
    return request.execution_id


async def pulled(source: DocumentSource | None, request: ExecutionRequest) -> ExecutionRequest:
    """A request that brings no document, completed by its id. Raises Refused."""
    if source is None:
        raise Refused(
            Reason.NO_DOCUMENT,
            "the request has no workflow_yaml and this runner knows no Stigmer service to pull it from; send the "
            "document, or set STIGMER_SERVICE_ENDPOINT",
            field="workflow_yaml",
        )
    return await source.complete(request)


def same_run(run: Run, fingerprint: str, request: ExecutionRequest) -> Run:
    """The run, when the request repeats the one that started it or brings nothing but the id. Raises Refused."""
    if request.document and run.fingerprint != fingerprint:
        raise differs(run.id)
    return run


def differs(execution_id: str) -> Refused:
    """The refusal of a request whose id another one has taken."""
    return Refused(
        Reason.EXECUTION_DIFFERS,
        f"execution {execution_id!r} exists with another document, input or environment; use a new id, or repeat the "
        "request unchanged",
        field="workflow_execution_id",
        facts={"execution_id": execution_id},
    )


def not_found(execution_id: str, why: str) -> Refused:
    """The refusal of an id that nobody knows."""
    return Refused(Reason.EXECUTION_NOT_FOUND, f"execution {execution_id!r} is not known here: {why}")


def wrong_state(execution_id: str, status: Status, wanted: str) -> Refused:
    """The refusal of a control call that the state forbids; `wanted` is a participle, such as `paused`."""
    return Refused(
        Reason.WRONG_STATE,
        f"execution {execution_id!r} is {status} and cannot be {wanted}",
        facts={"execution_id": execution_id, "status": str(status)},
    )


def secrets_apart(request: ExecutionRequest, declared: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Environment and secrets of the run.

    A variable whose name the document declares in `use.secrets` is a secret, however the caller sent it: it is then
    seen as `$secrets.NAME` only.
    """
    env, secrets = dict(request.env), dict(request.secrets)
    for name in declared:
        if name in env:
            secrets.setdefault(name, env.pop(name))
    return env, secrets
