"""What of an execution can change by an update."""

from dataclasses import replace

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_server.executions.kind import EXECUTION
from stigmer_server.executions.secrets import take_execution_secrets
from stigmer_server.resources.content import content_hash
from stigmer_server.resources.metadata import check_envelope, invalid, keep_identity


def changed_execution(stored: WorkflowExecution, given: WorkflowExecution) -> WorkflowExecution:
    """The stored execution with the given name, labels, annotations and tags.

    Raises Refused (INVALID_REQUEST) when the given one differs in its spec or owner. A spec that is left out, or whose
    secrets are left empty as every answer shows them, is no difference.
    """
    assert stored.metadata is not None
    assert given.metadata is not None
    keep_identity(stored.metadata, given.metadata)
    check_envelope(EXECUTION, given)
    if given.spec is not None:
        given = WorkflowExecution.parse(bytes(given))
        take_execution_secrets(given)
        if content_hash(given.spec) != content_hash(stored.spec):
            raise invalid("spec", "of an execution cannot change")
    assert given.metadata is not None
    metadata = replace(
        stored.metadata,
        name=given.metadata.name or stored.metadata.name,
        labels=given.metadata.labels,
        annotations=given.metadata.annotations,
        tags=given.metadata.tags,
    )
    return replace(stored, metadata=metadata)
