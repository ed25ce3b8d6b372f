"""Processes of this machine, found by a mark among their arguments, whatever their parents have become."""

import asyncio
import secrets
from pathlib import Path


class Marked:
    """Processes whose arguments contain `sleeper`, a command that sleeps for a very long and unmistakable time."""

    def __init__(self) -> None:
        self.seconds = f"{secrets.randbelow(10**9) + 10**9}"
        self.sleeper = f"sleep {self.seconds}"

    @property
    def alive(self) -> list[int]:
        """Their process ids. The mark counts only as an argument of its own, not inside a longer command line."""
        return [pid for pid, arguments in _command_lines() if self.seconds in arguments]

    async def started(self, count: int = 1) -> None:
        """Wait until there are at least so many. Raises TimeoutError when that does not come."""
        async with asyncio.timeout(60):
            while len(self.alive) < count:  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(0.01)

    async def ended(self) -> None:
        """Wait until there is none. Raises TimeoutError when that does not come."""
        async with asyncio.timeout(60):
            while self.alive:  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(0.01)


def _command_lines() -> list[tuple[int, list[str]]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            found.append((int(entry.name), text.split("\0")))
    return found
