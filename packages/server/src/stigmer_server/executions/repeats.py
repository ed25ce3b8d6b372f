"""Creations that come again, because their answer was lost (decision 0922)."""

from typing import Final

from sqlalchemy.engine import Connection
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_server.access import Caller
from stigmer_server.executions.secrets import show_execution, take_execution_secrets
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.content import content_hash
from stigmer_server.resources.metadata import invalid
from stigmer_server.store.executions import read_execution
from stigmer_server.store.idempotency import Creation, find_creation, store_creation
from stigmer_server.store.transaction import Transaction
from stigmer_server.vault import KeyRing

IDEMPOTENCY_ANNOTATION: Final = "stigmer.ai/idempotency-key"
"""Annotation of an execution: what its creator calls this creation, so as to be able to repeat it."""

_LONGEST_KEY: Final = 255


class Repeatable:
    """One request to create an execution; it may have a key, and may be a repeat.

    Secrets do not count in the comparison: a hash that is kept beside the execution could be guessed from a short one.
    """

    def __init__(self, execution: WorkflowExecution, caller: Caller) -> None:
        """Raises Refused (INVALID_REQUEST) for a key that is none."""
        annotations = execution.metadata.annotations if execution.metadata else {}
        self._caller = caller
        self._key = annotations.get(IDEMPOTENCY_ANNOTATION)
        if self._key is None:
            return
        if not (0 < len(self._key) <= _LONGEST_KEY and self._key.isprintable()):
            raise invalid(
                f"metadata.annotations[{IDEMPOTENCY_ANNOTATION!r}]",
                f"must be 1 to {_LONGEST_KEY} characters without line breaks",
            )
        compared = WorkflowExecution.parse(bytes(execution))
        take_execution_secrets(compared)
        compared.status = None
        self._content = content_hash(compared)

    def earlier(self, connection: Connection, ring: KeyRing) -> WorkflowExecution | None:
        """The execution that the request created before, as it is now. ALREADY_EXISTS for one of another content."""
        creation = find_creation(connection, self._caller.name, self._key) if self._key is not None else None
        if creation is None:
            return None
        if creation.content != self._content:
            raise Refused(
                Reason.ALREADY_EXISTS,
                f"the idempotency key {self._key!r} stands for another request, which created execution "
                f"{creation.execution_id!r}",
                facts={"execution_id": creation.execution_id},
            )
        stored = read_execution(connection, creation.execution_id)
        return None if stored is None else show_execution(connection, ring, stored.execution, self._caller)

    def created(self, transaction: Transaction, execution_id: str) -> None:
        """Remember what the request has created."""
        if self._key is not None:
            creation = Creation(execution_id=execution_id, content=self._content)
            store_creation(transaction, self._caller.name, self._key, creation)
