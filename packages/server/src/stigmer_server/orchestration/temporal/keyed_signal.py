"""A signal that Temporal takes once, however often it is sent. The client's own way draws a new id for each try."""

import uuid
from typing import Any, Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client

_NAMES: Final = uuid.UUID("b6a0f0a4-6f5c-4b0e-9d0e-2f7c3f0f8a51")


async def send_keyed_signal(client: Client, workflow_id: str, signal: str, argument: Any, key: str) -> None:
    """Signal the workflow; nothing happens when its run has had a signal with this key. Raises RPCError."""
    request = SignalWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        signal_name=signal,
        identity=client.identity,
        request_id=str(uuid.uuid5(_NAMES, f"{workflow_id}\n{key}")),
    )
    request.input.payloads.extend(await client.data_converter.encode([argument]))
    await client.workflow_service.signal_workflow_execution(request, retry=True)
