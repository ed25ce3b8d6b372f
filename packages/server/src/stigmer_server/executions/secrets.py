"""Secrets of an execution: those of its `runtime_env`, and the token of who waits for it."""

import base64
from typing import Final

from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_server.access import Caller
from stigmer_server.store.secrets import read_secrets
from stigmer_server.vault import KeyRing
from stigmer_server.vault.values import put_secrets, take_secrets

# No variable can have this name.
_CALLBACK_TOKEN: Final = ".callback_token"  # noqa: S105 - a name


def take_execution_secrets(execution: WorkflowExecution) -> dict[str, str]:
    """Leave the secrets of the execution empty and return them by name."""
    spec = execution.spec
    if spec is None:
        return {}
    taken = take_secrets(spec.runtime_env)
    if spec.callback_token:
        taken[_CALLBACK_TOKEN] = base64.b64encode(spec.callback_token).decode()
        spec.callback_token = b""
    return taken


def show_execution(
    connection: Connection, ring: KeyRing, execution: WorkflowExecution, caller: Caller
) -> WorkflowExecution:
    """The execution as the caller may see it."""
    if caller.reads_secrets and execution.spec is not None and execution.metadata is not None:
        known = read_secrets(connection, ring, execution.metadata.id)
        put_secrets(execution.spec.runtime_env, known)
        execution.spec.callback_token = base64.b64decode(known.get(_CALLBACK_TOKEN, ""))
    return execution
