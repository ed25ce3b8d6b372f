"""A server as a real process, for tests of clients and of the server itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stigmer_ports.testing import ServiceProcess, inherited

from stigmer_server.config import Settings

ADMIN_KEY: Final = "admin-key-of-a-test-server-0123456789"
CLIENT_KEY: Final = "client-key-of-a-test-server-0123456789"
RUNNER_KEY: Final = "runner-key-of-a-test-server-0123456789"


class ServerProcess(ServiceProcess):
    """`python -m stigmer_server` on free ports of this machine. A context manager; leaving it ends the process.

    `settings` are environment variables of the server (`docs/server.md`); none is inherited from this process. Its keys
    are ADMIN_KEY, CLIENT_KEY and RUNNER_KEY unless the settings name others.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        environment = {
            **inherited(lambda name: name.lower() not in Settings.model_fields),
            "STIGMER_DATA_DIR": str(data_dir),
            "STIGMER_SERVER_PORT": "0",
            "STIGMER_SERVER_HTTP_PORT": "0",
            "STIGMER_SERVER_ADMIN_KEY": ADMIN_KEY,
            "STIGMER_SERVER_CLIENT_KEY": CLIENT_KEY,
            "STIGMER_SERVER_RUNNER_KEY": RUNNER_KEY,
            **(settings or {}),
        }
        super().__init__(["-W", "error::ResourceWarning", "-m", "stigmer_server"], environment)
