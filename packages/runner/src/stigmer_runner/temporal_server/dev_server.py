"""`temporal server start-dev` in a process of its own."""

import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from stigmer_ports.logs import get_logger

from stigmer_runner.temporal_server.config import DevServerConfig
from stigmer_runner.temporal_server.problems import DevServerProblem
from stigmer_runner.temporal_server.program import HOST, command_line, find_program
from stigmer_runner.temporal_server.server_process import ServerProcess

log = get_logger(__name__)

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DevServer:
    """A server that runs.

    Attributes:
        address: `host:port` of its gRPC front end.
        ui_url: of its web page, if it has one.
    """

    address: str
    ui_url: str | None
    process: ServerProcess

    async def wait(self) -> None:
        """Wait for an end that nobody asked for, to learn of it. Raises DevServerProblem when it comes."""
        raise DevServerProblem(f"The Temporal dev server {await self.process.ended()}")


@contextlib.asynccontextmanager
async def open_dev_server(config: DevServerConfig | None = None) -> AsyncIterator[DevServer]:
    """A server for as long as the context is open, ready for the namespace `default`.

    Signals of a terminal do not reach it, so that whoever works with it can end in order first. It ends with this
    process, even when that is killed.

    Raises:
        DevServerProblem: there is no such program, it did not start, or on leaving: it did not end well. An exception
            from within the context wins over that.
    """
    server = await _start(find_program(), config or DevServerConfig())
    log.debug("Temporal dev server started", address=server.address, ui=server.ui_url)
    try:
        yield server
    except BaseException:
        with contextlib.suppress(DevServerProblem):
            await server.process.stop()
        raise
    await server.process.stop()
    log.debug("Temporal dev server ended", address=server.address)


async def _start(program: str, config: DevServerConfig) -> DevServer:
    for asked in (config.port, config.ui_port):
        if asked:
            _check_free(asked)
    # Somebody else may take a free port before the server does; a port that was asked for stays taken.
    for last in (attempt == _ATTEMPTS or bool(config.port) for attempt in range(1, _ATTEMPTS + 1)):
        port = config.port or _free_port()
        ui_port = config.ui_port if config.ui_port != 0 else _free_port()
        command = command_line(program, config, port=port, ui_port=ui_port)
        process = await ServerProcess.launch(command, config.log_file)
        address = f"{HOST}:{port}"
        try:
            if await process.is_ready(address):
                ui_url = None if ui_port is None else f"http://{HOST}:{ui_port}"
                return DevServer(address=address, ui_url=ui_url, process=process)
        except BaseException:
            process.kill()
            raise
        if last:
            break
    raise DevServerProblem(f"The Temporal dev server at {address} did not start, but {await process.ended()}")


def _check_free(port: int) -> None:
    """Another server on the port would be taken for ours. Raises DevServerProblem."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DevServerProblem(f"The Temporal dev server cannot have the port {port} of {HOST}: {reason}.") from None


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port
