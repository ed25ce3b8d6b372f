"""Bodies that create executions, and executions run again."""

from dataclasses import replace
from typing import Final

from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionSpec
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope

from stigmer_server.executions.children import PARENT_LABEL
from stigmer_server.executions.repeats import IDEMPOTENCY_ANNOTATION
from stigmer_server.executions.run_input import annotate_input
from stigmer_server.http_port.bodies import object_member
from stigmer_server.http_port.protojson import from_protojson
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.metadata import invalid

RERUN_ANNOTATION: Final = "stigmer.ai/rerun-of"
"""Annotation of an execution: the id of the one it repeats."""


def execution_of(body: JsonObject) -> WorkflowExecution:
    """The execution to create: protobuf's JSON of a `WorkflowExecution`, plus the member `input`.

    Without an owner it belongs to the account of the caller. Raises Refused.
    """
    given = object_member(body, "input")
    execution = from_protojson(WorkflowExecution, {key: value for key, value in body.items() if key != "input"})
    execution.status = None
    metadata = execution.metadata = execution.metadata or ApiResourceMetadata()
    if not metadata.owner_scope:
        metadata.owner_scope = (
            ApiResourceOwnerScope.organization if metadata.org else ApiResourceOwnerScope.identity_account
        )
    if given is not None:
        annotate_input(metadata.annotations, given)
    return execution


def name_creation(execution: WorkflowExecution, header: str | None) -> None:
    """Take over the header `Idempotency-Key`, with or without quotes. Raises Refused when the body names another."""
    if header is None:
        return
    assert execution.metadata is not None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if execution.metadata.annotations.setdefault(IDEMPOTENCY_ANNOTATION, key) != key:
        raise invalid("idempotency-key", f"is not what the annotation {IDEMPOTENCY_ANNOTATION} says")


def repeated(execution: WorkflowExecution) -> WorkflowExecution:
    """A new execution of the same workflow with the same input, variables, secrets and tags.

    Raises Refused (WRONG_STATE) for a sub-workflow: its document and input come from its parent.
    """
    before, spec = execution.metadata or ApiResourceMetadata(), execution.spec or WorkflowExecutionSpec()
    if PARENT_LABEL in before.labels:
        parent = before.labels[PARENT_LABEL]
        raise Refused(
            Reason.WRONG_STATE, f"{before.id!r} is a sub-workflow of {parent!r}: it runs again when its parent does"
        )
    kept = {name: value for name, value in before.annotations.items() if name != IDEMPOTENCY_ANNOTATION}
    metadata = ApiResourceMetadata(
        name=before.name,
        org=before.org,
        owner_scope=before.owner_scope,
        labels=dict(before.labels),
        annotations={**kept, RERUN_ANNOTATION: before.id},
        tags=list(before.tags),
    )
    # Whoever waited for the first run does not wait for this one.
    return WorkflowExecution(metadata=metadata, spec=replace(spec, callback_token=b""))
