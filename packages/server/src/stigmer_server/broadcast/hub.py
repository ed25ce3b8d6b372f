"""Wakes those who wait for a change of an execution."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Hub:
    """One flag for each follower: a change sets it, the follower clears it before it looks at the store.

    Nothing is queued, so a slow follower costs nothing: it sees the newest state when it looks again, and a change
    between a look and the next wait is not missed. Belongs to the thread of the event loop.
    """

    def __init__(self) -> None:
        self._followers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def publish(self, execution_ids: frozenset[str]) -> None:
        """Wake the followers of these executions."""
        for execution_id in execution_ids:
            for flag in self._followers.get(execution_id, ()):
                flag.set()

    @contextmanager
    def watching(self, execution_id: str) -> Iterator[asyncio.Event]:
        """A flag that is set by every change of the execution from now on."""
        flag = asyncio.Event()
        self._followers[execution_id].add(flag)
        try:
            yield flag
        finally:
            self._followers[execution_id].discard(flag)
            if not self._followers[execution_id]:
                del self._followers[execution_id]

    @property
    def all_followers(self) -> int:
        """How many follow an execution, whichever it is."""
        return sum(map(len, self._followers.values()))

    def followers(self, execution_id: str) -> int:
        """How many follow the execution."""
        return len(self._followers.get(execution_id, ()))
