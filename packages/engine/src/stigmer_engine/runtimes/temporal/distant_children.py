"""Sub-workflows that an earlier run of an execution started, and that tell of their end by a signal.

To be told holds no worker, however long it takes. A child that somebody terminates tells nothing, so now and then, and
ever more rarely, it is looked after.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from stigmer_engine.runtimes.temporal.cancellations import raise_if_cancelled
from stigmer_engine.runtimes.temporal.child_end import ChildEnd
from stigmer_engine.runtimes.temporal.names import CHILD_ACTIVITY, TELL_PARENT_SIGNAL, workflow_id

_FIRST_LOOK: Final = timedelta(minutes=1)
_LAST_LOOK: Final = timedelta(hours=1)
_ATTEMPT: Final = timedelta(seconds=30)


class DistantChildren:
    """Waits for the ends of children that Temporal will not tell this run of.

    Args:
        ids: of those that a task waits for.
        asked: those among them that know that they shall tell.
        ends: of those that have told.
    """

    def __init__(
        self, ids: Iterable[str] = (), asked: Iterable[str] = (), ends: Iterable[tuple[str, ChildEnd]] = ()
    ) -> None:
        self._ids = list(ids)
        self._asked = list(asked)
        self._ends = dict(ends)
        self._asking: dict[str, asyncio.Task[bool]] = {}

    @property
    def ids(self) -> Sequence[str]:
        """Those that a task waits for, in the order of their start."""
        return tuple(self._ids)

    def add(self, child: str) -> None:
        """One more, of which it turned out that it had been started before."""
        if child not in self._ids:
            self._ids.append(child)

    def joined_by(self, started: Iterable[str]) -> "DistantChildren":
        """These and others, as the next run finds them."""
        return DistantChildren((*self._ids, *started), self._asked, self._ends.items())

    def told(self, child: str, end: ChildEnd) -> None:
        """Take what a child tells of its end."""
        if child in self._ids:
            self._ends.setdefault(child, end)

    def forget(self, child: str) -> None:
        """Nobody waits for it any more."""
        if child in self._ids:
            self._ids.remove(child)
        if child in self._asked:
            self._asked.remove(child)
        self._ends.pop(child, None)

    async def end_of(self, child: str, *, keeps_cancellations: bool) -> ChildEnd:
        """Wait for the end of a child.

        Args:
            keeps_cancellations: see `Rules`.

        Raises:
            ActivityError: nobody can tell how it ended.
        """
        look = _FIRST_LOOK
        while child not in self._ends:
            if child in self._asked or await (self._ask_apart(child) if keeps_cancellations else self._ask(child)):
                try:
                    # Not the timeout of `wait_condition`: it swallows a cancellation that comes with the end, and what
                    # has left would go on here.
                    async with asyncio.timeout(look.total_seconds()):
                        await workflow.wait_condition(lambda: child in self._ends)
                except TimeoutError:
                    look = min(look * 2, _LAST_LOOK)
            if child not in self._ends:
                end = await _look_after(child)
                if keeps_cancellations:
                    raise_if_cancelled()
                if end is not None:
                    return end
        return self._ends[child]

    async def _ask_apart(self, child: str) -> bool:
        """As `_ask`, for somebody who may be cancelled meanwhile: within a signal, the SDK swallows that."""
        asking = self._asking.get(child)
        if asking is None:
            asking = self._asking[child] = asyncio.ensure_future(self._ask(child))
        asked = await asyncio.shield(asking)
        self._asking.pop(child, None)
        return asked

    async def _ask(self, child: str) -> bool:
        """Ask a child to tell of its end; False when it has ended."""
        try:
            await workflow.get_external_workflow_handle(workflow_id(child)).signal(TELL_PARENT_SIGNAL)
        except ApplicationError:
            return False
        self._asked.append(child)
        return True

    def to_json(self) -> JsonObject:
        """Every field under its name."""
        ends: JsonObject = {child: end.to_json() for child, end in self._ends.items()}
        return {"ids": list(self._ids), "asked": list(self._asked), "ends": ends}

    @classmethod
    def from_json(cls, shown: JsonValue) -> "DistantChildren":
        """The inverse of `to_json`."""
        assert isinstance(shown, dict)
        ids, asked, ends = shown["ids"], shown["asked"], shown["ends"]
        assert isinstance(ids, list)
        assert isinstance(asked, list)
        assert isinstance(ends, dict)
        told = [(child, ChildEnd.from_json(end)) for child, end in ends.items() if isinstance(end, dict)]
        return cls(map(str, ids), map(str, asked), told)


async def _look_after(child: str) -> ChildEnd | None:
    """How the child ended; None when it still runs."""
    shown: JsonObject | None = await workflow.execute_activity(
        CHILD_ACTIVITY, child, start_to_close_timeout=_ATTEMPT, summary="look after a sub-workflow"
    )
    return None if shown is None else ChildEnd.from_json(shown)
