"""The folder that a platform keeps everything in, and the lock that lets one at a time use it."""

import asyncio
import contextlib
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stigmer_runner.credentials import FILE_NAME, write_secret
from stigmer_runner.dev.problems import DevProblem

_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 40.0
"""Longer than the guards of processes wait for those that do not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """The folder while it is locked. Processes that inherit `lock_descriptor` hold the lock too."""

    path: Path
    lock_descriptor: int

    @property
    def credentials(self) -> Path:
        """Where clients of this machine find endpoint and key."""
        return self.path / FILE_NAME

    @property
    def temporal_database(self) -> Path:
        """The file of the Temporal dev server."""
        return self.path / "temporal.db"

    @property
    def service(self) -> Path:
        """The data folder of the service."""
        return self.path / "service"

    @property
    def blobs(self) -> Path:
        """Large payloads and the secrets of executions, of the runner."""
        return self.path / "blobs"

    def key(self, role: str) -> str:
        """The API key of a role, made at the first time. Raises DevProblem."""
        file = self.path / f"{role}-key"
        try:
            with contextlib.suppress(FileNotFoundError):
                if found := file.read_text(encoding="ascii").strip():
                    return found
            made = f"stigmer-{role}-{secrets.token_urlsafe(32)}"
            write_secret(file, f"{made}\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DevProblem(f"The key in {file} cannot be read or made: {error}.") from None
        return made


@asynccontextmanager
async def open_data_folder(path: Path, tell: Callable[[str], None]) -> AsyncIterator[DataFolder]:
    """The folder, made when missing, and locked. Raises DevProblem when another platform uses it.

    The processes of a platform that was killed hold the lock until they have ended; they are waited for.
    """
    descriptor = _open(path)
    try:
        await _lock(descriptor, path, tell)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield DataFolder(path=path, lock_descriptor=descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Nobody wants keys and databases in a repository.
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        return os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DevProblem(f"The data folder {path} cannot be used: {reason}. Give another one by --data-dir.") from None


async def _lock(descriptor: int, path: Path, tell: Callable[[str], None]) -> None:
    waited = 0.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(descriptor)
            if owner is not None and _lives(owner):
                raise DevProblem(
                    f"Another `stigmer dev`, process {owner}, uses the data folder {path}; end it, or give another "
                    "folder by --data-dir."
                ) from None
            if waited >= _PATIENCE_SECONDS:
                raise DevProblem(f"Processes of an earlier `stigmer dev` still use {path}; end them first.") from None
            if waited == 0:
                tell("waiting for the processes of an earlier `stigmer dev`, which was killed, to end")
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        else:
            return


def _owner(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip()
    return int(text) if text.isdigit() else None


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
