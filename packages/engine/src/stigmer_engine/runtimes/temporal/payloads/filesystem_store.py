"""Blobs as files: `ab/abcdef...`, only for their owner, each written whole or not at all."""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from stigmer_engine.runtimes.temporal.payloads.blob_store import REFRESH_AFTER, BlobInfo, checked_key, is_key
from stigmer_engine.runtimes.temporal.payloads.problems import StoreProblem

_P = ParamSpec("_P")
_T = TypeVar("_T")

_UNFINISHED: Final = ".part"
_LISTED_AT_ONCE: Final = 1000


class FilesystemStore:
    """A BlobStore in a folder, which is made on the first write. For one machine, or a file system that all share.

    Written by hand because obstore's LocalStore gives neither the mode 0600 nor a sync to disk: history would name
    blobs that a power loss has taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().absolute()

    @property
    def name(self) -> str:
        """`folder` and its path."""
        return f"folder {self._folder}"

    async def put(self, key: str, content: bytes, *, replace: bool = False) -> None:
        """See BlobStore.put."""
        await self._do("write", _put, self._path(key), content, replace)

    async def get(self, key: str) -> bytes | None:
        """See BlobStore.get."""
        return await self._do("read", _get, self._path(key))

    async def describe(self, key: str) -> BlobInfo | None:
        """See BlobStore.describe."""
        return await self._do("read", _describe, self._path(key))

    async def delete(self, key: str) -> None:
        """See BlobStore.delete."""
        await self._do("delete in", _delete, self._path(key))

    async def list(self) -> AsyncIterator[BlobInfo]:
        """See BlobStore.list."""
        found = (info for path in self._files() if is_key(path.name) and (info := _describe(path)) is not None)
        while batch := await self._do("list", _take, found):
            for info in batch:
                yield info

    async def remove_unfinished(self, older_than: timedelta) -> int:
        """See BlobStore.remove_unfinished."""
        return await self._do("delete in", self._remove_unfinished, older_than)

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)[:2] / key

    def _files(self) -> Iterator[Path]:
        if self._folder.is_dir():
            for shard in self._folder.iterdir():
                if len(shard.name) == 2 and shard.is_dir():
                    yield from shard.iterdir()

    def _remove_unfinished(self, older_than: timedelta) -> int:
        old = [
            path for path in self._files() if path.suffix == _UNFINISHED and (_age(path) or timedelta()) > older_than
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    async def _do(self, verb: str, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise StoreProblem(f"Cannot {verb} the {self.name}: {why}. Check BLOB_STORAGE_PATH.") from error


def _put(path: Path, content: bytes, replace: bool) -> None:
    if not replace and path.exists():
        # A sweep may delete it right here; then it is written again.
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_UNFINISHED}")
    try:
        _write(unfinished, content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _get(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if (_age(path) or timedelta()) > REFRESH_AFTER:
        # Reading must work where the folder is mounted read-only, too.
        with contextlib.suppress(OSError):
            os.utime(path)
    return content


def _describe(path: Path) -> BlobInfo | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return BlobInfo(key=path.name, size=status.st_size, age=_since(status.st_mtime))


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def _take(found: Iterator[BlobInfo]) -> list[BlobInfo]:
    return [info for info, _ in zip(found, range(_LISTED_AT_ONCE), strict=False)]


def _age(path: Path) -> timedelta | None:
    try:
        return _since(path.stat().st_mtime)
    except FileNotFoundError:
        return None


def _since(modified: float) -> timedelta:
    return timedelta(seconds=max(0.0, time.time() - modified))
