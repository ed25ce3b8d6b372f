"""Everything this package raises.

    CallbackError
    ├── CallbackConfigError (also a ValueError)   a setting that cannot work
    ├── ClientClosedError                                used outside its `async with` block
    └── ReportError                                 one event was not accepted
        ├── InvalidEventError                            the event cannot be put on the wire
        ├── EndpointUnreachableError                     no connection: refused, unknown host, timeout
        │   └── TlsError                           a connection, but no trusted TLS session on it
        ├── NoAnswerError                                the deadline passed
        ├── ConnectionLostError                          the connection ended before the answer
        ├── BrokenAnswerError                            an answer that is not the contract's
        ├── CallRefusedError                             the peer answered with a gRPC error status
        └── EventRejectedError                           the peer answered `success = false`

No message, attribute or cause of these holds the API key; words of the peer are cleaned of it.
"""

from __future__ import annotations

from typing import Self

from grpclib.const import Status


class CallbackError(Exception):
    """Base of every error of this package."""


class CallbackConfigError(CallbackError, ValueError):
    """A setting that cannot work; the message names the setting and says what to write instead."""


class ClientClosedError(CallbackError):
    """The client was used before `async with` entered it or after it left."""


class ReportError(CallbackError):
    """One event was not accepted by the endpoint.

    `retryable` tells whether the same call may succeed later. `endpoint_wide` tells that the cause has nothing to
    do with this event, so every other call would end the same way. `answered` tells that the peer itself said no.
    `attempts` counts the calls made before the error was raised.
    """

    retryable: bool = True
    endpoint_wide: bool = False
    answered: bool = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.attempts = 1

    def after(self, attempts: int) -> Self:
        """Return this error, marked as the last one of `attempts` calls."""
        self.attempts = attempts
        return self

    def __str__(self) -> str:
        return self.sentence if self.attempts == 1 else f"{self.sentence} (after {self.attempts} attempts)"


class InvalidEventError(ReportError):
    """The event cannot be encoded: a number out of range, a text that is no Unicode."""

    retryable = False


class EndpointUnreachableError(ReportError):
    """No connection to the endpoint: refused, unknown host, or not established in time."""

    endpoint_wide = True


class TlsError(EndpointUnreachableError):
    """The endpoint was reached, but there is no trusted TLS session: wrong certificate, or no TLS at all."""

    retryable = False


class NoAnswerError(ReportError):
    """The endpoint took the call and did not answer before the deadline."""


class ConnectionLostError(ReportError):
    """The connection ended after the call was sent; whether the event arrived is unknown."""


class BrokenAnswerError(ReportError):
    """The endpoint answered with something that is not a ReportProgressResponse."""


class CallRefusedError(ReportError):
    """The endpoint answered with a gRPC error status, found in `status`."""

    answered = True

    def __init__(self, sentence: str, status: Status) -> None:
        super().__init__(sentence)
        self.status = status
        self.retryable = status in _PASSING
        self.endpoint_wide = status in _ENDPOINT_WIDE


class EventRejectedError(ReportError):
    """The endpoint understood the event and answered `success = false`."""

    retryable = False
    answered = True


# The call is safe to repeat, because receivers drop repeats by sequence number; so even UNKNOWN may be tried again.
_PASSING = frozenset(
    {
        Status.UNKNOWN,
        Status.RESOURCE_EXHAUSTED,
        Status.ABORTED,
        Status.INTERNAL,
        Status.UNAVAILABLE,
    }
)
_ENDPOINT_WIDE = frozenset({Status.UNAUTHENTICATED, Status.UNIMPLEMENTED})
