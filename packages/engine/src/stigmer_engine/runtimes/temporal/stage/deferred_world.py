"""A mocked world whose slow answers hold no worker: the call comes again when the answer is due.

An execution's virtual time stands still while one of its activities runs, and jumps over what an activity waits for
between two attempts. So the first attempt of a slow call ends at once, and asks to be tried again after the delay.
"""

import time
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta

from temporalio import activity

from stigmer_engine.cases.model import Mock, Reply
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import ObservedCall
from stigmer_engine.cases.world import MockedWorld

_attempt: ContextVar[Iterator[Reply] | None] = ContextVar("_attempt", default=None)


class Deferred(BaseException):
    """The answer comes later: no error of the call, so nothing on the way out may take it for one.

    Args:
        delay: until then.
    """

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"the answer comes in {delay}")
        self.delay = delay


class DeferredWorld(MockedWorld):
    """Answers the activities of one execution. Times of calls are in Unix seconds of the execution's virtual time."""

    def __init__(self, mocks: tuple[Mock, ...]) -> None:
        super().__init__(mocks, virtual_now)
        self._given: dict[str, list[Reply]] = {}

    def enter(self) -> None:
        """Begin an attempt of an activity: what earlier ones were told, it is told again, at once."""
        given = self._given.setdefault(_activity(), [])
        _attempt.set(iter(tuple(given)))

    async def _answer_to(self, call: ObservedCall) -> Reply | None:
        earlier = _attempt.get()
        again = next(earlier, None) if earlier is not None else None
        if again is not None:
            return again
        reply = self._note(call)
        if reply is not None:
            self._given.setdefault(_activity(), []).append(reply)
            if seconds_of(reply.delay) > 0:
                raise Deferred(timedelta(seconds=seconds_of(reply.delay)))
        return reply


def virtual_now() -> float:
    """Unix time in seconds, as the execution of the running activity sees it; outside of one, everybody's."""
    return activity.info().current_attempt_scheduled_time.timestamp() if activity.in_activity() else time.time()


def _activity() -> str:
    info = activity.info()
    return f"{info.workflow_id} {info.activity_id}"
