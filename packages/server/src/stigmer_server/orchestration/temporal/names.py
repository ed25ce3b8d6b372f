"""Names that the server, runners and operators share on Temporal (seed 004)."""

from typing import Final

INVOKE_TYPE: Final = "stigmer/workflow-execution/invoke"
"""The workflow type; its ids are `{type}/{execution-id}`."""

INTERPRET_TYPE: Final = "stigmer/workflow-execution/interpret"
"""The workflow in which a runner of this project interprets an execution; its ids are made in the same way."""

EXECUTE_ACTIVITY: Final = "ExecuteWorkflow"
"""The activity on the runner's queue; takes a WorkflowExecution, and gives a WorkflowExecutionStatus."""

UPDATE_ACTIVITY: Final = "UpdateWorkflowExecutionStatus"
"""The local activity that stores the end of an execution of which no runner will tell."""

QUEUE_MEMO: Final = "activityTaskQueue"
"""Memo with the runner's queue."""

TIMEOUT_MEMO: Final = "executionTimeoutSeconds"
"""Memo with the longest time that an execution may take, 0 for ever."""

HEARTBEAT_MEMO: Final = "heartbeatSeconds"
"""Memo with the time after which a runner that gives no sign of life counts as lost, 0 for never."""

PAUSE_SIGNAL: Final = "stigmer-pause"
RESUME_SIGNAL: Final = "stigmer-resume"
CANCEL_SIGNAL: Final = "stigmer-cancel"


def invoke_id(execution_id: str) -> str:
    """Id of the workflow that has an execution done."""
    return f"{INVOKE_TYPE}/{execution_id}"


def interpret_id(execution_id: str) -> str:
    """Id of the workflow that does it."""
    return f"{INTERPRET_TYPE}/{execution_id}"
