"""Events that the server itself makes, because nobody else will."""

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent

from stigmer_server.timestamps import now_ms


def cancelled_event(execution_id: str, reason: str) -> WorkflowProgressEvent:
    """The end of a run that was stopped on request; its sequence number is given when it is stored."""
    return WorkflowProgressEvent(
        workflow_execution_id=execution_id,
        event_type="workflow_cancelled",
        status="cancelled",
        message=reason or "cancelled",
        timestamp_ms=now_ms(),
    )


def failed_event(execution_id: str, message: str) -> WorkflowProgressEvent:
    """The end of a run that no runner can begin."""
    return WorkflowProgressEvent(
        workflow_execution_id=execution_id,
        event_type="workflow_failed",
        status="failed",
        message=message,
        timestamp_ms=now_ms(),
        error=ErrorDetails(code="VALIDATION_ERROR", message=message),
    )
