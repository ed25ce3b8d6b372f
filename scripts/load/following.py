"""How subscribers behave, and what all of a process saw together."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """`pause_seconds` after each message; `leaves_after` so many messages of a connection, to come back at once."""

    pause_seconds: float = 0.0
    leaves_after: int | None = None

    @property
    def prompt(self) -> bool:
        """Whether its times say something about the server."""
        return not self.pause_seconds and self.leaves_after is None


@dataclass(slots=True)
class Seen:
    """Counts of a process. `milliseconds`: from an event's time to its arrival, where the stream was open before."""

    followed: int = 0
    messages: int = 0
    came_back: int = 0
    cut_off: int = 0
    milliseconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """What there is to tell at the end."""
        return {
            "followed": self.followed,
            "messages": self.messages,
            "came_back": self.came_back,
            "cut_off": self.cut_off,
            "milliseconds": [round(each, 1) for each in self.milliseconds],
            "wrong": self.wrong,
        }


class Follower(Protocol):
    """A subscriber."""

    async def follow(self, run: str) -> None:
        """Follow an execution to its end, over as many connections as it takes."""
        ...
