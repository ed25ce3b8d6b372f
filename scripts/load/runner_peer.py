"""A process that is a runner to the server: grpcio alone, none of our code between it and the wire.

It takes executions (`ExecuteAsync`), reports the events of each, one after the other, until they are acknowledged, and
writes a JSON line for each that is done. It ends when its standard input does, with what it saw.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.json_format import ParseDict

from packages.server.tests.grpcio_contract import Contract, compile_contract
from packages.server.tests.grpcio_peer import AGENTIC, PROGRESS

from .passing import PASSING, RETRY_SECONDS
from .processes import end_of_input, tell
from .run_events import events_of_run

_SERVICE: Final = f"{AGENTIC}.workflowrunner.v1.WorkflowExecutionService"
_SERVING: Final = b"\x08\x01"


class RunnerPeer:
    """What it was asked to run, and how the server answered. `at_once` runs report at the same time."""

    def __init__(self, contract: Contract, channel: grpc.aio.Channel, key: str, *, tasks: int, at_once: int) -> None:
        self._contract = contract
        self._report = contract.stubs[PROGRESS](channel).ReportProgress
        self._metadata = (("authorization", f"Bearer {key}"),)
        event = contract.request(PROGRESS, "ReportProgress")
        self._templates = [ParseDict(told.fields(), event()) for told in events_of_run(tasks)]
        self._places = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()
        self.starts: Counter[str] = Counter()
        self.milliseconds: list[float] = []
        self.repeats = 0
        self.wrong: list[str] = []

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """The services of a runner that the server needs: starting, and health."""
        start = grpc.unary_unary_rpc_method_handler(
            self._execute_async,
            request_deserializer=self._contract.request(_SERVICE, "ExecuteAsync").FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )
        health = grpc.unary_unary_rpc_method_handler(self._health)
        return (
            grpc.method_handlers_generic_handler(_SERVICE, {"ExecuteAsync": start}),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": health}),
        )

    def result(self) -> dict[str, Any]:
        """What there is to tell at the end."""
        return {
            "starts": self.starts,
            "milliseconds": [round(each, 2) for each in self.milliseconds],
            "repeats": self.repeats,
            "wrong": self.wrong,
        }

    async def _execute_async(self, request: Any, _context: object) -> Any:
        run = request.workflow_execution_id
        self.starts[run] += 1
        if self.starts[run] == 1:
            task = asyncio.create_task(self._run(run))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        answer = self._contract.message(f"{AGENTIC}.workflowrunner.v1.WorkflowExecuteResponse")
        return answer(workflow_execution_id=run, status="running")

    async def _health(self, _request: bytes, _context: object) -> bytes:
        return _SERVING

    async def _run(self, run: str) -> None:
        async with self._places:
            for template in self._templates:
                event = type(template)()
                event.CopyFrom(template)
                event.workflow_execution_id = run
                event.timestamp_ms = int(time.time() * 1000)
                await self._until_acknowledged(event)
        tell({"done": run})

    async def _until_acknowledged(self, event: Any) -> None:
        while True:
            begun = time.perf_counter()
            try:
                answer = await self._report(event, metadata=self._metadata, timeout=60)
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    told = f"event {event.sequence_number} of {event.workflow_execution_id}: {error.code()}"
                    self.wrong.append(f"{told} {error.details()}")
                    if error.code() is not grpc.StatusCode.ABORTED:
                        return
                self.repeats += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.milliseconds.append((time.perf_counter() - begun) * 1000)
            if not answer.success:
                self.wrong.append(f"event {event.sequence_number} of {event.workflow_execution_id} came too late")
            return


async def _serve(given: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        contract = compile_contract(Path(folder))
    async with grpc.aio.insecure_channel(given["target"]) as channel:
        peer = RunnerPeer(contract, channel, given["key"], tasks=given["tasks"], at_once=given["at_once"])
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(peer.handlers())
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        tell({"port": port})
        await end_of_input()
        await server.stop(0)
        tell({"result": peer.result()})


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
