"""What of an execution can change by an update."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_server.executions.kind import EXECUTION
from stigmer_server.executions.secrets import take_execution_secrets
from stigmer_server.resources.content import content_hash
from stigmer_server.resources.metadata import check_envelope, invalid, keep_identity

_OWN: Final = "stigmer.ai/"
"""How labels and annotations begin that tell of the run itself: its input, its parent."""


def changed_execution(stored: WorkflowExecution, given: WorkflowExecution) -> WorkflowExecution:
    """The stored execution with the given name, labels, annotations and tags.

    Raises Refused (INVALID_REQUEST) when the given one differs in its spec or owner, or in what the server keeps among
    labels and annotations, such as the input. A spec that is left out, or whose secrets are left empty as every answer
    shows them, is no difference; neither is an annotation that is left out.
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
        labels=_changed(stored.metadata.labels, given.metadata.labels, "metadata.labels"),
        annotations=_changed(stored.metadata.annotations, given.metadata.annotations, "metadata.annotations"),
        tags=given.metadata.tags,
    )
    return replace(stored, metadata=metadata)


def _changed(stored: Mapping[str, str], given: Mapping[str, str], field: str) -> dict[str, str]:
    own = {name: value for name, value in stored.items() if name.startswith(_OWN)}
    for name, value in given.items():
        if name.startswith(_OWN) and own.get(name) != value:
            raise invalid(f"{field}[{name!r}]", "cannot change")
    return {**given, **own}
