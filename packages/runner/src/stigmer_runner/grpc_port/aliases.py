"""Every service name that the runner answers under: two older ones beside that of the contract."""

from typing import Final

CANONICAL_SERVICE: Final = "ai.stigmer.agentic.workflowrunner.v1.WorkflowExecutionService"
OLDER_SERVICES: Final = (
    "ai.stigmer.workflow.runner.v1.WorkflowRunnerCommandController",
    "ai.stigmer.agentic.workflowrunner.v1.WorkflowRunnerServiceController",
)
SERVICES: Final = (CANONICAL_SERVICE, *OLDER_SERVICES)
