"""Peers in processes of their own, spoken to by JSON lines."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_ROOT: Final = Path(__file__).parents[2]
_LONGEST_LINE: Final = 64 * 1024 * 1024


def tell(said: dict[str, Any]) -> None:
    """Write a line to who started this process."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def lines_of_input() -> asyncio.StreamReader:
    """The standard input of this process."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def end_of_input() -> None:
    """Until the standard input of this process ends."""
    await (await lines_of_input()).read()


class PeerProcess:
    """`python -m scripts.load.<module>` with its settings as JSON. An async context manager; leaving it ends it."""

    def __init__(self, module: str, settings: dict[str, Any], heard: Callable[[dict[str, Any]], None]) -> None:
        self._module = module
        self._settings = settings
        self._heard = heard
        self._first: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._result: dict[str, Any] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"scripts.load.{self._module}", json.dumps(self._settings)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            limit=_LONGEST_LINE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def first(self) -> dict[str, Any]:
        """The first line: it is ready."""
        return await self._first

    def say(self, said: dict[str, Any]) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")

    async def result(self) -> dict[str, Any]:
        """Let it come to its end; what it tells then. Raises RuntimeError when it tells nothing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading
        if self._result is None:
            raise RuntimeError(f"{self._module} ended with code {self._process.returncode} and no result")
        return self._result

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if not self._first.done():
                self._first.set_result(said)
            elif "result" in said:
                self._result = said["result"]
            else:
                self._heard(said)
        if not self._first.done():
            self._first.set_exception(RuntimeError(f"{self._module} ended before it was ready"))
