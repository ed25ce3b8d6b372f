"""Signals on a real Temporal dev server: one with a key arrives once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stigmer_server.orchestration.temporal.keyed_signal import send_keyed_signal
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess
from temporalio.client import Client, WorkflowHandle

from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, PROGRESS, WORKFLOW_COMMAND, Peer
from packages.server.tests.samples import event, execution, workflow

Connect = Callable[[ServerProcess, str], Peer]


async def signals_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Names of the signals that a workflow has got."""
    events = (await handle.fetch_history()).events
    return [
        found.workflow_execution_signaled_event_attributes.signal_name
        for found in events
        if found.HasField("workflow_execution_signaled_event_attributes")
    ]


async def interpreted(temporal: Client, execution_id: str) -> WorkflowHandle[Any, Any]:
    """A workflow where a runner would have one for the execution; nobody works on it."""
    workflow_id = f"stigmer/workflow-execution/interpret/{execution_id}"
    return await temporal.start_workflow("Nobody", id=workflow_id, task_queue="nobody")


async def test_a_signal_with_a_key_arrives_once(temporal_address: str, connect: Connect, data_dir: Path) -> None:
    settings = {"STIGMER_ORCHESTRATION": "temporal", "TEMPORAL_SERVICE_ADDRESS": temporal_address}
    temporal = await Client.connect(temporal_address)
    with ServerProcess(data_dir, settings) as server:
        client = connect(server, CLIENT_KEY)
        workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("signalled")).metadata.id
        run_id = client.call(EXECUTION_COMMAND, "create", execution(workflow_id)).metadata.id
        handle = await interpreted(temporal, run_id)

        def send(peer: Peer, name: str, key: str = "") -> None:
            request = {"executionId": run_id, "signalName": name, "idempotencyKey": key, "payload": {"ok": True}}
            peer.call(EXECUTION_COMMAND, "sendSignal", request)

        connect(server, RUNNER_KEY).call(PROGRESS, "ReportProgress", event(run_id, 1, "workflow_started"))
        for _ in range(3):
            await asyncio.to_thread(send, client, "approved", "k1")
        for name, key in (("approved", "k2"), ("noted", ""), ("noted", "")):
            await asyncio.to_thread(send, client, name, key)
        assert await signals_of(handle) == ["approved", "approved", "noted", "noted"]
        long = {"executionId": run_id, "signalName": "approved", "idempotencyKey": "x" * 256}
        assert client.refusal(EXECUTION_COMMAND, "sendSignal", long)[0] == "INVALID_ARGUMENT"
    with ServerProcess(data_dir, settings) as again:
        await asyncio.to_thread(send, connect(again, ADMIN_KEY), "approved", "k1")
        connect(again, RUNNER_KEY).call(PROGRESS, "ReportProgress", event(run_id, 2, "workflow_completed"))
        # The answer to the first one may have been lost: that the run has ended since is no reason to refuse it.
        await asyncio.to_thread(send, connect(again, CLIENT_KEY), "approved", "k1")
        late = {"executionId": run_id, "signalName": "approved", "idempotencyKey": "k3"}
        assert connect(again, CLIENT_KEY).refusal(EXECUTION_COMMAND, "sendSignal", late)[0] == "FAILED_PRECONDITION"
    assert len(await signals_of(handle)) == 4
    await handle.terminate()


async def test_temporal_itself_takes_it_once(temporal_address: str) -> None:
    temporal = await Client.connect(temporal_address)
    handle = await interpreted(temporal, "wex-keyed")
    for key in ("k1", "k1", "k2"):
        await send_keyed_signal(temporal, handle.id, "approved", {"ok": True}, key)
    assert await signals_of(handle) == ["approved", "approved"]
    await handle.terminate()
