"""What a caller can know about the attempt at a call that it makes, where a call may be tried again after a loss."""

from contextvars import ContextVar
from typing import Final, Protocol

from stigmer_dsl.json_types import JsonValue


class Attempt(Protocol):
    """One attempt at a call. Another one, perhaps elsewhere, follows one that lost its process."""

    @property
    def repeated(self) -> bool:
        """Whether an earlier attempt may have done something."""
        ...

    @property
    def noted(self) -> JsonValue:
        """What the attempt before noted last; null, when it came to none."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether another attempt follows this one, which is being cancelled: then only this process gives it up."""
        ...

    def note(self, value: JsonValue) -> None:
        """Leave something for the next attempt. It may take seconds to be safe."""
        ...


class OnlyAttempt:
    """The only attempt at a call: in a process that would take the whole execution with it."""

    repeated = False
    noted: JsonValue = None
    goes_on = False

    def note(self, value: JsonValue) -> None:
        """Nobody will ask."""


ATTEMPT: Final[ContextVar[Attempt]] = ContextVar("ATTEMPT", default=OnlyAttempt())  # noqa: B039 - it has no state
"""The attempt under way in this context."""
