"""What the tasks in a status are for: told by the workflow, whatever the runner says of them."""

from typing import Any

from packages.server.tests.grpcio_peer import (
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    PROGRESS,
    WORKFLOW_COMMAND,
    Peer,
)
from packages.server.tests.samples import event, execution, set_task, wait_task, workflow

AGENT, API_CALL, CONDITIONAL, PARALLEL, TRANSFORM, CUSTOM = 1, 3, 4, 5, 6, 7


def task(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "kind": f"WORKFLOW_TASK_KIND_{kind}", "taskConfig": config}


def http(name: str) -> dict[str, Any]:
    return task(name, "HTTP_CALL", method="GET", endpoint={"uri": "http://127.0.0.1:1/"})


TASKS = [
    set_task("count", a="1"),
    http("fetch"),
    task("ask", "GRPC_CALL", service="grpc://127.0.0.1:1/a.B", method="C", request={}),
    task("agent", "AGENT_CALL", agent="helper", message="hello"),
    task("choose", "SWITCH", cases=[{"name": "always", "then": "loop"}]),
    task("loop", "FOR", each="one", **{"in": "${ [1] }"}, do=[http("inner"), wait_task("rest", 1)]),
    task(
        "both",
        "FORK",
        branches=[{"name": "left", "do": [http("left-call")]}, {"name": "right", "do": [set_task("same", a="1")]}],
    ),
    task("careful", "TRY", **{"try": [http("risky")], "catch": {"as": "error", "do": [set_task("mend", a="1")]}}),
    wait_task("same", 1),
]
EXPECTED = {
    "/do/0/count": TRANSFORM,
    "/do/1/fetch": API_CALL,
    "/do/2/ask": API_CALL,
    "/do/3/agent": AGENT,
    "/do/4/choose": CONDITIONAL,
    "/do/5/loop": CUSTOM,
    "/do/5/loop/for/do/0/inner": API_CALL,
    "/do/5/loop/for/do/1/rest": CUSTOM,
    "/do/6/both": PARALLEL,
    "/do/6/both/fork/branches/0/left/do/0/left-call": API_CALL,
    "/do/6/both/fork/branches/1/right/do/0/same": TRANSFORM,
    "/do/7/careful": CUSTOM,
    "/do/7/careful/try/0/risky": API_CALL,
    "/do/7/careful/catch/do/0/mend": TRANSFORM,
    "/do/8/same": CUSTOM,
}


def started(client: Peer, name: str) -> str:
    stored = client.call(WORKFLOW_COMMAND, "apply", workflow(name, tasks=TASKS))
    run_id: str = client.call(EXECUTION_COMMAND, "create", execution(stored.metadata.id)).metadata.id
    return run_id


def types_of(run: Any) -> dict[str, int]:
    return {task.task_id: task.task_type for task in run.status.tasks}


def test_events_bring_the_type_of_every_task_in_any_depth(client: Peer, runner: Peer) -> None:
    run_id = started(client, "typed")
    seen = client.stream(EXECUTION_QUERY, "subscribe", {"executionId": run_id})
    next(seen)
    # More than a snapshot has events before it, so that both the stored and the folded ones are looked at.
    sequence = 0
    for _ in range(3):
        for reference in EXPECTED:
            sequence += 1
            name = reference.rsplit("/", 1)[1]
            told = event(run_id, sequence, "task_started", taskName=name, taskReference=reference)
            runner.call(PROGRESS, "ReportProgress", told)
            assert types_of(client.call(EXECUTION_QUERY, "get", {"value": run_id}))[reference] == EXPECTED[reference]
    assert types_of(client.call(EXECUTION_QUERY, "get", {"value": run_id})) == EXPECTED
    runner.call(PROGRESS, "ReportProgress", event(run_id, sequence + 1, "workflow_completed"))
    assert types_of(list(seen)[-1]) == EXPECTED


def test_a_runner_that_knows_no_references_is_understood_by_names(client: Peer, runner: Peer) -> None:
    run_id = started(client, "typed-names")
    for sequence, name in enumerate(("fetch", "mend", "same", "unknown"), 1):
        runner.call(PROGRESS, "ReportProgress", event(run_id, sequence, "task_started", taskName=name))
    found = types_of(client.call(EXECUTION_QUERY, "get", {"value": run_id}))
    assert found == {"fetch": API_CALL, "mend": TRANSFORM, "same": CUSTOM, "unknown": CUSTOM}


def test_a_status_that_calls_a_task_custom_says_nothing(client: Peer, runner: Peer) -> None:
    run_id = started(client, "typed-status")
    tasks = [
        {"taskId": "/do/1/fetch", "taskName": "fetch", "taskType": "WORKFLOW_TASK_CUSTOM"},
        {"taskId": "/do/0/count", "taskName": "count"},
        {"taskId": "/do/8/same", "taskName": "same", "taskType": "WORKFLOW_TASK_APPROVAL"},
    ]
    for _ in range(2):
        status = {"phase": "EXECUTION_IN_PROGRESS", "tasks": tasks}
        run = runner.call(EXECUTION_COMMAND, "updateStatus", {"executionId": run_id, "status": status})
        assert types_of(run) == {"/do/1/fetch": API_CALL, "/do/0/count": TRANSFORM, "/do/8/same": 2}
        tasks[2].pop("taskType", None)
