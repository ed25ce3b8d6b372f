"""The main job, end to end, with real parts: `just demo`.

A WorkflowSpec is converted to a DSL document, a runner process executes it over gRPC, and the progress that the
runner streams is compared with the progress that it calls back. Exits 0 when everything is as it should be.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from grpclib.client import Channel
from grpclib.exceptions import GRPCError
from rich.console import Console
from rich.syntax import Syntax
from stigmer_callback.testing import RecordingReceiver
from stigmer_converter import convert, read_spec
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    WorkflowExecuteInput,
    WorkflowExecutionServiceStub,
    WorkflowProgressEvent,
)
from stigmer_proto_json import json_from_struct, struct_from_json

from examples.order.shop import TOKEN, open_shop

SPEC = Path(__file__).parent / "spec.yaml"
API_KEY = "demo-key"
EXPECTED = {
    "order": "4711",
    "total": 61,
    "reservation": "R-3",
    "payment": {"method": "invoice", "because": "The card was declined (402)"},
}
console = Console()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def runner(callback_endpoint: str) -> AsyncIterator[Channel]:
    """A runner in a process of its own, and a channel to it; stopped by SIGTERM."""
    port = free_port()
    environment = os.environ | {
        "EXECUTION_MODE": "grpc",
        "GRPC_PORT": str(port),
        "HTTP_PORT": str(free_port()),
        "STIGMER_SERVICE_ENDPOINT": callback_endpoint,
        "STIGMER_SERVICE_API_KEY": API_KEY,
        "STIGMER_SERVICE_USE_TLS": "false",
        "LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "stigmer_runner", "serve", env=environment)
    try:
        await until_listening(port, process)
        async with Channel("127.0.0.1", port) as channel:
            yield channel
    finally:
        process.terminate()
        code = await process.wait()
        console.print(f"runner stopped with exit code {code}", style="dim")


async def until_listening(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until the runner accepts connections; give up when it ends instead."""
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    sys.exit(f"the runner ended at once, with exit code {process.returncode}")


async def execute(channel: Channel, yaml: str, shop: str) -> list[WorkflowProgressEvent]:
    """Run the document and show its progress as it comes."""
    request = WorkflowExecuteInput(
        workflow_yaml=yaml,
        workflow_input=struct_from_json({"shop": shop, "orderId": "4711"}),
        env_vars={"SHOP_TOKEN": TOKEN},
    )
    events = []
    async for event in WorkflowExecutionServiceStub(channel).execute(request):
        events.append(event)
        where = event.task_reference or event.workflow_name
        console.print(
            f"[dim]{event.sequence_number:3}[/] {event.event_type:20} {event.status:10} [bold]{where}[/]",
            soft_wrap=True,
        )
    return events


def differences(streamed: list[WorkflowProgressEvent], called_back: tuple[WorkflowProgressEvent, ...]) -> list[str]:
    """What is not as it should be; empty when all is well."""
    wrong = []
    last = streamed[-1]
    output = json_from_struct(last.payload).get("output")
    if last.event_type != "workflow_completed":
        wrong.append(f"the run ended with {last.event_type}: {last.message}")
    elif output != EXPECTED:
        wrong.append(f"the output is {output!r}, not {EXPECTED!r}")
    if [event.sequence_number for event in streamed] != list(range(1, len(streamed) + 1)):
        wrong.append("the sequence numbers have gaps")
    if list(called_back) != streamed:
        wrong.append(f"{len(called_back)} events were called back, {len(streamed)} streamed, and they differ")
    if TOKEN in repr(streamed):
        wrong.append("the secret stands in an event")
    return wrong


async def main() -> int:
    """Run the demo; the exit code."""
    conversion = convert(read_spec(SPEC.read_text(), "yaml"))
    console.rule("A WorkflowSpec, converted to Open Workflow DSL 1.0")
    console.print(Syntax(conversion.yaml, "yaml", background_color="default"))
    async with RecordingReceiver(api_key=API_KEY) as receiver, open_shop() as shop:
        async with runner(receiver.endpoint) as channel:
            console.rule("Executed by the runner, over gRPC")
            try:
                streamed = await execute(channel, conversion.yaml, shop)
            except GRPCError as error:
                console.print(f"the runner refused: {error.status.name}: {error.message}", style="red")
                return 1
            called_back = await asyncio.wait_for(receiver.wait_for_events(len(streamed)), 30)
        console.rule("Result")
        console.print_json(data=json_from_struct(streamed[-1].payload).get("output"))
        wrong = differences(streamed, called_back)
    for sentence in wrong:
        console.print(sentence, style="bold red")
    if not wrong:
        console.print(f"{len(streamed)} events streamed, the same {len(called_back)} called back.", style="green")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
