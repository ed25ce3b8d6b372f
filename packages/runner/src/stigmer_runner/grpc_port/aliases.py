"""Every gRPC path the five calls answer under. One table, because gRPC paths are case-sensitive."""

import re
from collections.abc import Iterator

CANONICAL_SERVICE = "ai.stigmer.agentic.workflowrunner.v1.WorkflowExecutionService"
OLDER_SERVICES = (
    "ai.stigmer.workflow.runner.v1.WorkflowRunnerCommandController",
    "ai.stigmer.agentic.workflowrunner.v1.WorkflowRunnerServiceController",
)
SERVICES = (CANONICAL_SERVICE, *OLDER_SERVICES)
METHODS = ("Execute", "ExecuteAsync", "CancelExecution", "PauseExecution", "ResumeExecution")


def spellings(method: str) -> tuple[str, str, str]:
    """The method in PascalCase (as given), lowerCamel and snake_case."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower()
    return method, method[0].lower() + method[1:], snake


def paths(service: str) -> Iterator[tuple[str, str]]:
    """Pairs of gRPC path and PascalCase method for one service name, all spellings."""
    for method in METHODS:
        for spelling in spellings(method):
            yield f"/{service}/{spelling}", method
