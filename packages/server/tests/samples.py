"""Requests as a client would write them."""

from typing import Any

OWNER = {"ownerScope": "organization", "org": "acme"}


def workflow(name: str, *, tasks: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    """A workflow that sets one variable, or has these tasks."""
    return {
        "metadata": {"name": name, **OWNER},
        "spec": {
            "document": {"dsl": "1.0.0", "namespace": "acme", "name": "orders", "version": "1.0.0"},
            "tasks": tasks or [set_task("first", answer="42")],
            **spec,
        },
    }


def set_task(name: str, **variables: str) -> dict[str, Any]:
    """A task that sets variables."""
    return {"name": name, "kind": "WORKFLOW_TASK_KIND_SET", "taskConfig": {"variables": variables}}


def wait_task(name: str, seconds: int) -> dict[str, Any]:
    """A task that waits."""
    return {"name": name, "kind": "WORKFLOW_TASK_KIND_WAIT", "taskConfig": {"seconds": seconds}}


def execution(workflow_id: str, **spec: Any) -> dict[str, Any]:
    """An execution of a workflow."""
    tags = spec.pop("tags", [])
    return {"metadata": {"name": "run", "tags": tags, **OWNER}, "spec": {"workflowId": workflow_id, **spec}}


def event(execution_id: str, sequence: int, kind: str, **fields: Any) -> dict[str, Any]:
    """A progress event of a runner."""
    statuses = {"workflow_completed": "completed", "workflow_failed": "failed", "task_completed": "completed"}
    return {
        "workflowExecutionId": execution_id,
        "eventType": kind,
        "workflowName": "orders",
        "status": statuses.get(kind, "running"),
        "timestampMs": 1_767_900_000_000 + sequence,
        "sequenceNumber": sequence,
        **fields,
    }
