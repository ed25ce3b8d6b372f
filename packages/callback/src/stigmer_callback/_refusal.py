"""What a failed call says about the event and about the endpoint."""

from __future__ import annotations

from enum import Enum, auto

from grpclib.const import Status

from stigmer_callback.errors import CallRefusedError, ReportError


class Verdict(Enum):
    """What to do with the event of a failed call."""

    ENDPOINT_MISSED = auto()
    """Keep the event: no event would have got through."""
    NO_ANSWER = auto()
    """Keep the event: whether the event or the endpoint is the cause is not known."""
    REFUSED = auto()
    """Keep the event and count: the peer itself said no, but may say yes later."""
    GIVE_UP = auto()
    """The event will never get through."""


def judge(error: Exception, *, refusals: int, max_refusals: int) -> Verdict:
    """Judge a failed call of an event that was refused `refusals` times before."""
    if not isinstance(error, ReportError):
        return Verdict.GIVE_UP
    if error.endpoint_wide:
        return Verdict.ENDPOINT_MISSED
    if not error.retryable:
        return Verdict.GIVE_UP
    if isinstance(error, CallRefusedError) and error.status is not Status.UNAVAILABLE:
        # UNAVAILABLE means that the peer is away for a while; any other status may be about this very event.
        return Verdict.GIVE_UP if refusals + 1 >= max_refusals else Verdict.REFUSED
    return Verdict.NO_ANSWER
