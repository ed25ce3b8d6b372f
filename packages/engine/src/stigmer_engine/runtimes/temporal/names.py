"""The names that clients, workers and operators meet: workflow and activity types, signals, queries, updates."""

from typing import Final

WORKFLOW_TYPE: Final = "stigmer/workflow-execution/interpret"
"""The one workflow type; it interprets any document."""

DEFAULT_QUEUE: Final = "stigmer-workflows"
"""The task queue of executions and of their calls (seed 003)."""

CANCEL_SIGNAL: Final = "stigmer-cancel"
PAUSE_SIGNAL: Final = "stigmer-pause"
RESUME_SIGNAL: Final = "stigmer-resume"
ATTEND_SIGNAL: Final = "stigmer-attend"
TELL_PARENT_SIGNAL: Final = "stigmer-tell-parent"
CHILD_ENDED_SIGNAL: Final = "stigmer-child-ended"
RESERVED: Final = "stigmer-"
"""Signals and updates whose names begin so are for the engine, and never events."""
EVENT_SIGNAL: Final = "event"

STATUS_QUERY: Final = "status"
SNAPSHOT_QUERY: Final = "snapshot"
CONTEXT_QUERY: Final = "context"
EVENTS_QUERY: Final = "events"

OUTLIVES_PARENT: Final = "stigmer-outlives-parent"
"""Memo of a sub-workflow that nobody waits for."""

LISTENS_MEMO: Final = "stigmer-listens"
"""Memo of an execution that may listen: the types of the events, `*` for all."""

FAULT_TYPE: Final = "stigmer/fault"
"""Type of the application errors whose first detail is the error object of a fault."""

INVALID_DOCUMENT: Final = "stigmer/invalid-document"
"""Type of the failure of an execution whose document its worker cannot run."""

NO_DOCUMENT: Final = "stigmer/no-document"
"""Type of the failure of a search for a document that a worker does not know."""

_CALL_PREFIX: Final = "stigmer/"
AGENT: Final = "agent"
CALL_KINDS: Final = ("http", "grpc", "resource", "shell", "script", "emit", AGENT)
"""The kinds of calls that are activities of this engine."""

BREATHE_ACTIVITY: Final = "stigmer/breathe"
DELIVER_ACTIVITY: Final = "stigmer/deliver-events"
LIFECYCLE_ACTIVITY: Final = "stigmer/deliver-lifecycle-events"
BUDGET_ACTIVITY: Final = "stigmer/expression-over-budget"
DOCUMENT_ACTIVITY: Final = "stigmer/find-document"
DOCUMENT_ELSEWHERE_ACTIVITY: Final = "stigmer/find-document-elsewhere"
FAMILY_ACTIVITY: Final = "stigmer/count-family"
CHILD_ACTIVITY: Final = "stigmer/look-after-execution"
COMPLETE_ACTIVITY: Final = "stigmer/complete-activity"


def call_activity(kind: str) -> str:
    """The activity type of a kind of call."""
    return _CALL_PREFIX + kind


def workflow_id(execution_id: str) -> str:
    """The Temporal workflow id of an execution."""
    return f"{WORKFLOW_TYPE}/{execution_id}"


def execution_id(workflow: str) -> str:
    """The execution of a Temporal workflow id, of which `workflow_id` made it."""
    return workflow.removeprefix(f"{WORKFLOW_TYPE}/")
