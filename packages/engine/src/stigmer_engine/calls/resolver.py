"""Names to addresses."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

Resolver = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Host and port to addresses as text, the best one first. Raises OSError."""


async def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """What this machine's resolver says; spellings such as `0x7f.1` and `2130706433` are addresses to it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
