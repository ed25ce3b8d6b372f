"""Data that no well-behaved peer sends: refused or borne, and never a defect that stays."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecutionStatus,
    WorkflowTask,
    WorkflowTaskStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto.google.protobuf import Struct, Value
from stigmer_server.reduction import merge_report
from stigmer_server.store.event_log import page_after

from packages.server.tests.grpcio_peer import (
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    INSTANCE_COMMAND,
    PROGRESS,
    WORKFLOW_COMMAND,
    Peer,
)
from packages.server.tests.http_server import http_server
from packages.server.tests.samples import OWNER, event, execution, workflow

DONE, RUNNING = WorkflowTaskStatus.WORKFLOW_TASK_COMPLETED, WorkflowTaskStatus.WORKFLOW_TASK_IN_PROGRESS


def test_many_tags_are_refused_in_words(client: Peer) -> None:
    status, message = client.refusal(EXECUTION_QUERY, "list", {"tags": [f"t{number}" for number in range(2000)]})
    assert (status, "tags" in message) == ("INVALID_ARGUMENT", True)
    assert client.call(EXECUTION_QUERY, "list", {"tags": ["twice", "none"] * 2000}).entries == []


async def test_many_tags_are_refused_over_http_too(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        answer = await server.client.get("/api/v1/executions?" + "&".join(f"tag=t{number}" for number in range(2000)))
        assert (answer.status_code, answer.json()["field"]) == (400, "tags")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
async def test_a_number_that_json_has_not_hides_no_run(tmp_path: Path, number: float) -> None:
    async with http_server(tmp_path) as server:
        run = await server.start(await server.register())
        payload = Struct(fields={"output": Value(struct_value=Struct(fields={"total": Value(number_value=number)}))})
        told = WorkflowProgressEvent(
            workflow_execution_id=run,
            sequence_number=1,
            event_type="task_completed",
            status="completed",
            task_name="price",
            task_reference="/do/0/price",
            timestamp_ms=1,
            payload=payload,
        )
        await server.application.executions.report_progress(told)
        await server.application.executions.report_progress(
            WorkflowProgressEvent(
                workflow_execution_id=run, sequence_number=2, event_type="workflow_completed", status="completed"
            )
        )
        shown = await server.client.get(f"/api/v1/executions/{run}")
        assert shown.status_code == 200
        assert shown.json()["tasks"][0]["output"] == {"total": None}
        assert (await server.client.get(f"/api/v1/executions/{run}/resource")).status_code == 200
        stream = (await server.client.get(f"/api/v1/executions/{run}/events")).text
        assert '"total":null' in stream
        assert stream.endswith("event: end\ndata: {}\n\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-01-08T18:51:00.900Z", "2026-01-08T18:51:01Z"),
        ("2026-01-08T18:51:00Z", "2026-01-08T18:51:00.100Z"),
        ("2026-01-08T20:51:00+02:00", "2026-01-08T18:51:00.100Z"),
        ("2026-01-08T18:51:00.123Z", "2026-01-08T18:51:00.123456789Z"),
    ],
)
def test_a_task_that_starts_again_is_known_by_the_time_and_not_by_its_spelling(before: str, after: str) -> None:
    def status(state: WorkflowTaskStatus, started_at: str) -> WorkflowExecutionStatus:
        task = WorkflowTask(task_id="a", status=state, started_at=started_at)
        return WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_IN_PROGRESS, tasks=[task])

    again = merge_report(status(DONE, before), status(RUNNING, after), now_ms=0)
    assert (again.tasks[0].status, again.tasks[0].started_at) == (RUNNING, after)
    late = merge_report(status(DONE, after), status(RUNNING, before), now_ms=0)
    assert (late.tasks[0].status, late.tasks[0].started_at) == (DONE, after)


async def test_who_follows_a_sub_workflow_hears_that_it_is_deleted_with_its_parent(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        parent = await server.start(await server.register())
        await server.take(parent)
        for child in (f"{parent}/1", f"{parent}/1/2"):
            await server.report(child, "workflow_started")
        family = (parent, f"{parent}/1", f"{parent}/1/2")
        follows = [server.application.broadcast.follow(one) for one in family]
        for follow in follows:
            await anext(follow)
        left = [asyncio.create_task(_count(follow)) for follow in follows]
        await server.client.delete(f"/api/v1/executions/{parent}")
        await asyncio.gather(*left)
        for one in family:
            assert (await server.client.get(f"/api/v1/executions/{one}")).status_code == 404


async def _count(seen: AsyncIterator[Any]) -> int:
    return len([stored async for stored in seen])


def test_long_tags_and_names_of_variables_are_refused(client: Peer) -> None:
    workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("strange")).metadata.id
    for tags in (["x" * 256], ["a\x00b"]):
        status, message = client.refusal(EXECUTION_COMMAND, "create", execution(workflow_id, tags=tags))
        assert (status, "metadata.tags" in message) == ("INVALID_ARGUMENT", True)
    named = execution(workflow_id, runtimeEnv={"N" * 256: {"value": "x", "isSecret": True}})
    status, message = client.refusal(EXECUTION_COMMAND, "create", named)
    assert (status, "at most 255" in message) == ("INVALID_ARGUMENT", True)


def test_phases_and_states_that_the_contract_has_not_are_refused(client: Peer, runner: Peer) -> None:
    workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("undefined")).metadata.id
    run_id = client.call(EXECUTION_COMMAND, "create", execution(workflow_id)).metadata.id
    for status, field in (
        ({"phase": 42}, "status.phase"),
        ({"phase": 6}, "status.phase"),
        ({"tasks": [{"taskId": "a"}, {"taskId": "b", "status": 9}]}, "status.tasks[1].status"),
        ({"tasks": [{"taskId": "a", "taskType": 80}]}, "status.tasks[0].task_type"),
    ):
        refused = runner.refusal(EXECUTION_COMMAND, "updateStatus", {"executionId": run_id, "status": status})
        assert (refused[0], field in refused[1]) == ("INVALID_ARGUMENT", True)
    refused = client.refusal(EXECUTION_QUERY, "list", {"phase": 42})
    assert (refused[0], "phase" in refused[1]) == ("INVALID_ARGUMENT", True)


async def test_a_sub_workflow_is_not_run_again_without_its_parent(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        parent = await server.start(await server.register())
        await server.take(parent)
        await server.report(f"{parent}/1", "workflow_started")
        answer = await server.client.post(f"/api/v1/executions/{parent}/1/rerun")
        assert (answer.status_code, answer.json()["reason"]) == (409, "WRONG_STATE")
        assert parent in answer.json()["detail"]


def test_an_event_without_a_time_has_that_of_its_arrival(client: Peer, runner: Peer) -> None:
    workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("timeless")).metadata.id
    run = client.call(EXECUTION_COMMAND, "create", execution(workflow_id))
    timeless = event(run.metadata.id, 1, "workflow_started", timestampMs=0)
    runner.call(PROGRESS, "ReportProgress", timeless)
    started_at = client.call(EXECUTION_QUERY, "get", {"value": run.metadata.id}).status.started_at
    assert started_at >= run.status.audit.spec_audit.created_at.ToJsonString()[:19]


def test_more_than_a_writer_should_bear_is_refused(client: Peer) -> None:
    workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("crowded")).metadata.id
    tags = execution(workflow_id, tags=[f"t{number}" for number in range(101)])
    variables = execution(workflow_id, runtimeEnv={f"N{number}": {"value": "x"} for number in range(1001)})
    instance = {
        "metadata": {"name": "crowded", **OWNER},
        "spec": {"workflowId": workflow_id, "envRefs": [{"org": "acme", "slug": "none"}] * 101},
    }
    for service, request, field in (
        (EXECUTION_COMMAND, tags, "metadata.tags"),
        (EXECUTION_COMMAND, variables, "spec.runtime_env"),
        (INSTANCE_COMMAND, instance, "spec.env_refs"),
    ):
        status, message = client.refusal(service, "create", request)
        assert (status, f"{field} must be at most" in message) == ("INVALID_ARGUMENT", True)


async def test_large_events_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        run = await server.start(await server.register())
        for number in range(24):
            await server.report(run, "task_started", f"/do/{number}/a", payload={"input": {"text": "x" * 700_000}})
        await server.report(run, "workflow_completed")
        page = await server.application.database.read(lambda connection: page_after(connection, run, 0))
        assert page is not None
        assert (page.more, page.ended) == (True, False)
        assert 1 <= len(page.events) <= 8
        seen = [found.sequence_number async for found in server.application.broadcast.follow_events(run)]
        assert seen == list(range(1, 26))
