"""Events and statuses that runners report."""

import threading
from typing import Any

import pytest

from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.samples import event, execution, workflow

IN_PROGRESS, COMPLETED, FAILED, PAUSED = 2, 3, 4, 7


@pytest.fixture
def run(client: Peer) -> str:
    """The id of a new execution."""
    orders = client.call(WORKFLOW_COMMAND, "apply", workflow("reported"))
    execution_id: str = client.call(EXECUTION_COMMAND, "create", execution(orders.metadata.id)).metadata.id
    return execution_id


def report(runner: Peer, request: dict[str, Any]) -> bool:
    success: bool = runner.call(PROGRESS, "ReportProgress", request).success
    return success


def status(client: Peer, execution_id: str) -> Any:
    return client.call(EXECUTION_QUERY, "get", {"value": execution_id}).status


def task_event(execution_id: str, sequence: int, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return event(execution_id, sequence, kind, taskName=name, taskReference=f"/do/0/{name}", attempt=1, **fields)


def test_events_become_the_status(client: Peer, runner: Peer, run: str) -> None:
    for told in (
        event(run, 1, "workflow_started"),
        task_event(run, 2, "task_started", "a", payload={"input": {"x": 1}}),
        task_event(run, 3, "task_completed", "a", payload={"output": [1, 2]}),
        task_event(run, 4, "task_started", "b"),
    ):
        assert report(runner, told)
    now = status(client, run)
    assert now.phase == IN_PROGRESS
    assert now.started_at == "2026-01-08T19:20:00.001Z"
    assert [(task.task_id, task.task_name, task.status) for task in now.tasks] == [
        ("/do/0/a", "a", 3),
        ("/do/0/b", "b", 2),
    ]
    assert now.tasks[0].input["x"] == 1
    assert list(now.tasks[0].output["value"]) == [1, 2]
    assert report(
        runner, task_event(run, 5, "task_failed", "b", status="failed", error={"code": "E", "message": "no b"})
    )
    assert report(runner, event(run, 6, "workflow_failed", error={"code": "E", "message": "no b, so no end"}))
    now = status(client, run)
    assert (now.phase, now.error, now.tasks[1].error) == (FAILED, "no b, so no end", "no b")
    assert now.completed_at == "2026-01-08T19:20:00.006Z"


def test_a_repeat_counts_once_and_nothing_follows_the_end(client: Peer, runner: Peer, run: str) -> None:
    for sequence, kind in enumerate(("workflow_started", "workflow_completed"), 1):
        for _ in range(2):
            assert report(runner, event(run, sequence, kind, payload={"output": {"ok": True}}))
    ended = status(client, run)
    assert ended.phase == COMPLETED
    assert ended.output["ok"] is True
    assert not report(runner, event(run, 3, "workflow_started"))
    assert status(client, run) == ended


def test_an_event_ahead_of_a_gap_waits_for_what_is_missing(client: Peer, runner: Peer, run: str) -> None:
    assert report(runner, event(run, 1, "workflow_started"))
    code, message = runner.refusal(PROGRESS, "ReportProgress", event(run, 3, "workflow_completed"))
    assert (code, "from 2 on are missing" in message) == ("ABORTED", True)
    assert status(client, run).phase == IN_PROGRESS
    assert report(runner, task_event(run, 2, "task_started", "a"))
    now = status(client, run)
    assert (now.phase, len(now.tasks)) == (COMPLETED, 1)


def test_a_gap_is_closed_when_the_sender_has_nothing_for_it(client: Peer, runner: Peer, run: str) -> None:
    assert report(runner, event(run, 1, "workflow_started"))
    late = event(run, 4, "workflow_paused", status="paused")
    assert runner.refusal(PROGRESS, "ReportProgress", late)[0] == "ABORTED"
    assert report(runner, late)
    assert status(client, run).phase == PAUSED
    # What comes for the closed gap is not taken: those who follow have passed it.
    assert not report(runner, event(run, 2, "workflow_completed"))
    assert report(runner, event(run, 5, "workflow_resumed"))
    assert status(client, run).phase == IN_PROGRESS


def test_events_are_checked(client: Peer, runner: Peer, run: str) -> None:
    assert runner.refusal(PROGRESS, "ReportProgress", event("wex-none", 1, "workflow_started"))[0] == "NOT_FOUND"
    for wrong in (event(run, 0, "workflow_started"), event("", 1, "x"), event(run, 1, "x", taskProgress=101)):
        assert runner.refusal(PROGRESS, "ReportProgress", wrong)[0] == "INVALID_ARGUMENT"
    assert client.refusal(PROGRESS, "ReportProgress", event(run, 1, "workflow_started"))[0] == "PERMISSION_DENIED"


def test_a_reported_status_is_merged(client: Peer, runner: Peer, run: str) -> None:
    def tell(**told: Any) -> Any:
        return runner.call(EXECUTION_COMMAND, "updateStatus", {"executionId": run, "status": told}).status

    tell(phase="EXECUTION_IN_PROGRESS", tasks=[{"taskId": "/do/0/a", "status": "WORKFLOW_TASK_IN_PROGRESS"}])
    tell(tasks=[{"taskId": "/do/1/b", "status": "WORKFLOW_TASK_IN_PROGRESS"}])
    now = tell(tasks=[{"taskId": "/do/0/a", "status": "WORKFLOW_TASK_COMPLETED", "output": {"x": 1}}])
    assert [(task.task_id, task.status) for task in now.tasks] == [("/do/0/a", 3), ("/do/1/b", 2)]
    assert now.phase == IN_PROGRESS
    assert now.started_at
    back = {"executionId": run, "status": {"phase": "EXECUTION_PENDING"}}
    assert runner.refusal(EXECUTION_COMMAND, "updateStatus", back)[0] == "INVALID_ARGUMENT"
    ended = tell(phase="EXECUTION_COMPLETED", output={"done": True})
    assert ended.completed_at
    late = {"executionId": run, "status": {"phase": "EXECUTION_IN_PROGRESS"}}
    code, message = runner.refusal(EXECUTION_COMMAND, "updateStatus", late)
    assert (code, message) == (
        "INVALID_ARGUMENT",
        "an execution that is EXECUTION_COMPLETED cannot become EXECUTION_IN_PROGRESS",
    )
    assert tell(phase="EXECUTION_COMPLETED") == ended
    assert status(client, run) == ended
    assert client.refusal(EXECUTION_COMMAND, "updateStatus", late)[0] == "PERMISSION_DENIED"
    assert not report(runner, event(run, 1, "workflow_started"))


def test_subscribers_see_the_snapshot_first_and_the_end_last(client: Peer, runner: Peer, run: str) -> None:
    seen: list[Any] = []
    first = threading.Event()

    def follow() -> None:
        for snapshot in client.stream(EXECUTION_QUERY, "subscribe", {"executionId": run}):
            seen.append(snapshot)
            first.set()

    follower = threading.Thread(target=follow)
    follower.start()
    assert first.wait(300)
    assert report(runner, event(run, 1, "workflow_started"))
    for number in range(2, 40):
        assert report(runner, task_event(run, number, "task_started", f"t{number}"))
    assert report(runner, event(run, 40, "workflow_completed"))
    follower.join(300)
    assert not follower.is_alive()
    assert seen[0].status.phase == 1
    assert seen[-1].status.phase == COMPLETED
    counts = [len(snapshot.status.tasks) for snapshot in seen]
    assert counts == sorted(counts)
    assert counts[-1] == 38
    assert seen[-1] == client.call(EXECUTION_QUERY, "get", {"value": run})


def test_a_sub_workflow_is_an_execution_of_its_own(client: Peer, runner: Peer, run: str) -> None:
    assert report(runner, event(run, 1, "workflow_started"))
    child = f"{run}/1"
    for sequence, kind in enumerate(("workflow_started", "workflow_completed"), 1):
        assert report(runner, event(child, sequence, kind, workflowName="inner"))
    found = client.call(EXECUTION_QUERY, "get", {"value": child})
    assert (found.status.phase, found.metadata.name, found.metadata.org) == (COMPLETED, "inner", "acme")
    assert dict(found.metadata.labels) == {"stigmer.ai/parent": run}
    assert status(client, run).phase == IN_PROGRESS
    assert runner.refusal(PROGRESS, "ReportProgress", event("wex-none/1", 1, "workflow_started"))[0] == "NOT_FOUND"
    client.call(EXECUTION_COMMAND, "delete", {"value": run})
    assert client.refusal(EXECUTION_QUERY, "get", {"value": child})[0] == "NOT_FOUND"
