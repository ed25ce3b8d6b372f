"""Executions on Temporal that bring only an id: pulled, with secrets that nobody keeps, and reported to the service."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowTask
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, WorkflowTaskKind
from stigmer_proto_json import struct_from_json
from stigmer_runner.testing import RunnerProcess
from temporalio import workflow as temporal_workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from packages.engine.tests.temporal_server import start_dev_server
from packages.runner.tests.stigmer_service import StigmerService, stigmer_service, workflow

KEY = "pull-key-4711"
SECRET = "pulled-secret-0815"
QUEUE = "stigmer"


@temporal_workflow.defn(name="stigmer/workflow-execution/invoke")
class Invoke:
    """The orchestration of seed 004."""

    @temporal_workflow.run
    async def run(self, execution: RawValue) -> RawValue:
        result: RawValue = await temporal_workflow.execute_activity(
            "ExecuteWorkflow",
            execution,
            task_queue="workflow_execution_runner",
            start_to_close_timeout=timedelta(minutes=30),
            heartbeat_timeout=timedelta(seconds=6),
            result_type=RawValue,
        )
        return result


@pytest.fixture
async def service() -> AsyncIterator[StigmerService]:
    async with stigmer_service() as found:
        yield found


def ask(url: str) -> WorkflowTask:
    """A call that sends the secret."""
    config = {"method": "GET", "endpoint": {"uri": url}, "headers": {"token": "${.secrets.TOKEN}"}}
    return WorkflowTask(name="ask", kind=WorkflowTaskKind.HTTP_CALL, task_config=struct_from_json(config))


async def test_the_activity_pulls_what_it_needs_and_reports_what_happens(
    service: StigmerService, tmp_path: Path
) -> None:
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"a": 1}')
        await writer.drain()
        writer.close()

    peer = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    service.workflows["wfl-1"] = workflow(ask(f"http://127.0.0.1:{port}/"))
    execution = WorkflowExecution(
        metadata=ApiResourceMetadata(id="wex-1"),
        spec=WorkflowExecutionSpec(
            workflow_id="wfl-1", runtime_env={"TOKEN": ExecutionValue(value=SECRET, is_secret=True)}
        ),
    )
    service.executions["wex-1"] = execution
    async with start_dev_server() as address, peer:
        runner = RunnerProcess(
            {
                "EXECUTION_MODE": "temporal",
                "TEMPORAL_SERVICE_ADDRESS": address,
                "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
                "STIGMER_SERVICE_ENDPOINT": service.endpoint,
                "STIGMER_SERVICE_API_KEY": KEY,
                "LOG_LEVEL": "debug",
            }
        )
        await asyncio.to_thread(runner.__enter__)
        try:
            client = await Client.connect(address)
            status = await invoke(client, WorkflowExecution(metadata=execution.metadata))
            history = await histories(client, "wex-1")
            shown = await asyncio.to_thread(httpx.get, f"{runner.http_url}/api/v1/executions/wex-1")
        finally:
            await asyncio.to_thread(runner.__exit__, None, None, None)
    assert [line for head in got for line in head.decode().splitlines() if line.startswith("token:")] == [
        f"token: {SECRET}"
    ]
    assert (status["phase"], status["tasks"][0]["taskName"]) == ("EXECUTION_COMPLETED", "ask")
    assert shown.json()["output"] == status["output"]
    # Every event was reported, in order, and the secret is nowhere: not in history, not in the blob store, not in logs.
    reported = service.reported
    assert [event.sequence_number for event in reported] == list(range(1, len(reported) + 1))
    assert (reported[0].event_type, reported[-1].event_type) == ("workflow_started", "workflow_completed")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    assert SECRET not in runner.text + str(reported)
    assert b"/do/0/ask" in history
    assert SECRET.encode() not in history + kept
    assert not list((tmp_path / "blobs").glob("secrets/*/*"))


async def invoke(client: Client, execution: WorkflowExecution) -> dict[str, Any]:
    """The status that the activity returns to the orchestration."""
    peer = GetMessageClass(WorkflowExecution.DESCRIPTOR)
    argument = Payload(
        metadata={"encoding": b"json/protobuf", "messageType": WorkflowExecution.DESCRIPTOR.full_name.encode()},
        data=json_format.MessageToJson(peer.FromString(bytes(execution))).encode(),
    )
    unsandboxed = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=QUEUE, workflows=[Invoke], workflow_runner=unsandboxed):
        result = await client.execute_workflow(
            "stigmer/workflow-execution/invoke",
            RawValue(argument),
            id="stigmer/workflow-execution/invoke/wex-1",
            task_queue=QUEUE,
            result_type=RawValue,
        )
    assert result.payload.metadata["messageType"].decode() == WorkflowExecutionStatus.DESCRIPTOR.full_name
    found: dict[str, Any] = json.loads(result.payload.data)
    return found


async def histories(client: Client, execution_id: str) -> bytes:
    """Everything that Temporal keeps of an execution and of who had it executed, payloads as they are."""
    ids = (f"stigmer/workflow-execution/{kind}/{execution_id}" for kind in ("interpret", "invoke"))
    found = [event for name in ids async for event in client.get_workflow_handle(name).fetch_history_events()]
    return b"".join(event.SerializeToString() for event in found)
