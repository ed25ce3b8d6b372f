"""The approval on a real runner: started over gRPC, answered by an event over HTTP.

Exits 0 when the workflow completes with the answer.
"""

import asyncio
import sys
from pathlib import Path

import httpx
from grpclib.client import Channel
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput, WorkflowExecutionServiceStub
from stigmer_proto_json import json_from_struct, struct_from_json
from stigmer_runner.testing import RunnerProcess

DOCUMENT = Path(__file__).parent / "approval.yaml"
KEY = {"authorization": "Bearer demo-key"}
ANSWER = {
    "specversion": "1.0",
    "id": "decision-1",
    "source": "/examples/approval",
    "type": "com.example.expense.decided",
    "data": {"id": "e-7", "approved": True, "by": "Ann"},
}
EXPECTED = {"expense": "e-7", "approved": True, "by": "Ann"}


async def main(runner: RunnerProcess) -> int:
    """Start the workflow, send the answer once it waits for one, and show its output; the exit code."""
    request = WorkflowExecuteInput(
        workflow_yaml=DOCUMENT.read_text(), workflow_input=struct_from_json({"id": "e-7", "amount": 80})
    )
    async with Channel("127.0.0.1", runner.grpc_port) as channel, httpx.AsyncClient(headers=KEY) as client:
        async for event in WorkflowExecutionServiceStub(channel, metadata=KEY).execute(request):
            print(event.event_type, event.task_reference)
            if (event.event_type, event.task_name) == ("task_started", "decision"):
                posted = await client.post(
                    f"{runner.http_url}/api/v1/events",
                    json=ANSWER,
                    headers={"content-type": "application/cloudevents+json"},
                )
                print(f"posted the decision: {posted.status_code}")
    output = json_from_struct(event.payload).get("output")
    print(output)
    return 0 if output == EXPECTED else 1


if __name__ == "__main__":
    with RunnerProcess({"RUNNER_API_KEY": "demo-key"}) as runner:
        sys.exit(asyncio.run(main(runner)))
