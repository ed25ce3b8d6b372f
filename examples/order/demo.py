"""The main job, end to end, with real parts: `just demo`.

A WorkflowSpec is converted to a DSL document, and a runner process executes it: started and watched over gRPC, its
progress called back too. The run is durable, on a Temporal dev server; in its middle the runner is killed by SIGKILL,
and the next one goes on with it. Exits 0 when everything is as it should be.

With EXECUTION_MODE=grpc the run lives in the runner process, without Temporal, and nobody is killed.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from grpclib.client import Channel
from grpclib.exceptions import GRPCError, StreamTerminatedError
from rich.console import Console
from rich.syntax import Syntax
from stigmer_callback.testing import RecordingReceiver
from stigmer_converter import convert, read_spec
from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    WorkflowExecuteInput,
    WorkflowExecutionServiceStub,
    WorkflowProgressEvent,
)
from stigmer_proto_json import json_from_struct, struct_from_json
from stigmer_runner.config import LogLevel, LogSettings
from stigmer_runner.temporal_server import DevServerConfig, DevServerProblem, open_dev_server
from stigmer_runner.testing import RunnerProcess

from examples.order.expectation import differences
from examples.order.shop import TOKEN, Shop, open_shop

SPEC = Path(__file__).parent / "spec.yaml"
API_KEY = "demo-key"
EXECUTION = "order-4711"
# The runner is killed when this task has started: it waits for a while, so no call is under way.
KILLED_AT = ("task_started", "time-to-withdraw")
console = Console()


class Wrong(Exception):
    """Something did not go as it should; the text says what."""


@asynccontextmanager
async def temporal(mode: str) -> AsyncIterator[dict[str, str]]:
    """The runner's settings for its mode; with a Temporal dev server, if it needs one."""
    if mode == "grpc":
        yield {"EXECUTION_MODE": "grpc"}
        return
    with tempfile.TemporaryDirectory() as folder:
        async with open_dev_server(DevServerConfig(log_file=Path(folder, "temporal.log"))) as server:
            console.print(f"Temporal dev server at {server.address}", style="dim")
            yield {
                "EXECUTION_MODE": mode,
                "TEMPORAL_ADDRESS": server.address,
                "BLOB_STORAGE_PATH": str(Path(folder, "blobs")),
            }


@asynccontextmanager
async def running(settings: Mapping[str, str]) -> AsyncIterator[RunnerProcess]:
    """A runner in a process of its own. It is waited for in a thread: shop and receiver live on this event loop."""
    with ExitStack() as stack:
        runner = RunnerProcess(settings)
        await asyncio.to_thread(stack.enter_context, runner)
        try:
            yield runner
        finally:
            await asyncio.to_thread(stack.close)


class Watch:
    """Watches the run over gRPC, from the runner that is there; shows each event once."""

    def __init__(self, request: WorkflowExecuteInput) -> None:
        self._request = request
        self.events: list[WorkflowProgressEvent] = []

    async def follow(self, runner: RunnerProcess, *, until: tuple[str, str] | None = None) -> None:
        """Start the run or, when it is there, join it; ends with the run, or with the event `until`.

        A stream begins with the first event. Those that were seen before must be the same again.
        """
        seen = len(self.events)
        async with Channel("127.0.0.1", runner.grpc_port) as channel:
            number = 0
            async for event in WorkflowExecutionServiceStub(channel).execute(self._request):
                number += 1
                if number <= seen:
                    if event != self.events[number - 1]:
                        raise Wrong(f"event {number} is another one after the kill: {event}")
                    continue
                if seen and number == seen + 1:
                    console.print(f"    reconnected: events 1 to {seen} came again, all the same", style="green")
                self.events.append(event)
                show(event)
                if (event.event_type, event.task_name) == until:
                    return


def show(event: WorkflowProgressEvent) -> None:
    where = event.task_reference or event.workflow_name
    console.print(
        f"[dim]{event.sequence_number:3}[/] {event.event_type:20} {event.status:10} [bold]{where}[/]", soft_wrap=True
    )


async def run_durably(settings: Mapping[str, str], watch: Watch) -> None:
    """Two runners, one after the other; the first is killed in the middle."""
    async with running(settings) as first:
        await watch.follow(first, until=KILLED_AT)
        await end(first, signal.SIGKILL, -signal.SIGKILL)
        console.print(f"    runner {first.pid} killed by SIGKILL", style="bold red")
    async with running(settings) as second:
        console.print(f"    runner {second.pid} started in its place", style="green")
        await watch.follow(second)
        await end(second, signal.SIGTERM, 0)


async def run_once(settings: Mapping[str, str], watch: Watch) -> None:
    """One runner, from the beginning to the end."""
    async with running(settings) as runner:
        await watch.follow(runner)
        await end(runner, signal.SIGTERM, 0)


async def end(runner: RunnerProcess, number: signal.Signals, expected: int) -> None:
    """End a runner by a signal, and check its exit code."""
    runner.signal(number)
    code = await asyncio.to_thread(runner.wait)
    if code != expected:
        raise Wrong(f"the runner ended with exit code {code}, not {expected}:\n{runner.text}")


def order(yaml: str, shop: Shop) -> WorkflowExecuteInput:
    return WorkflowExecuteInput(
        workflow_execution_id=EXECUTION,
        workflow_yaml=yaml,
        workflow_input=struct_from_json({"shop": shop.address, "orderId": "4711"}),
        env_vars={"SHOP_TOKEN": TOKEN},
    )


async def run(mode: str, yaml: str) -> list[str]:
    """Run the order; what is not as it should be."""
    async with RecordingReceiver(api_key=API_KEY) as receiver, open_shop() as shop, temporal(mode) as settings:
        service = {
            "STIGMER_SERVICE_ENDPOINT": receiver.endpoint,
            "STIGMER_SERVICE_API_KEY": API_KEY,
            "STIGMER_SERVICE_USE_TLS": "false",
        }
        watch = Watch(order(yaml, shop))
        console.rule(f"Executed by the runner, over gRPC (EXECUTION_MODE={mode})")
        await (run_once if mode == "grpc" else run_durably)({**settings, **service}, watch)
        called_back = receiver.events_of(EXECUTION)
    console.rule("Result")
    console.print_json(data=json_from_struct(watch.events[-1].payload).get("output"))
    wrong = differences(watch.events, called_back, shop.asked)
    if not wrong:
        console.print(
            f"{len(watch.events)} events streamed, the same {len(called_back)} called back; "
            f"{shop.asked.total()} calls, none of them twice.",
            style="green",
        )
    return wrong


async def main() -> int:
    """Run the demo; the exit code."""
    configure_logging(LogSettings(log_level=LogLevel.WARNING), Redactor(()))
    mode = os.environ.get("EXECUTION_MODE") or "dual"
    if mode not in ("dual", "grpc"):
        console.print(f"EXECUTION_MODE must be dual or grpc here, not {mode}", style="red")
        return 2
    conversion = convert(read_spec(SPEC.read_text(), "yaml"))
    console.rule("A WorkflowSpec, converted to Open Workflow DSL 1.0")
    console.print(Syntax(conversion.yaml, "yaml", background_color="default"))
    try:
        wrong = await run(mode, conversion.yaml)
    except GRPCError as error:
        wrong = [f"the runner refused: {error.status.name}: {error.message}"]
    except (StreamTerminatedError, OSError) as error:
        wrong = [f"the runner cannot be reached: {error}"]
    except (Wrong, DevServerProblem) as error:
        wrong = [str(error)]
    for sentence in wrong:
        console.print(sentence, style="bold red")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
