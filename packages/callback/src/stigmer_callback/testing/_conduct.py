"""How a `RecordingReceiver` treats a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from grpclib.const import Status


class Manner(Enum):
    """What the receiver does with a call."""

    ACCEPT = auto()
    REFUSE = auto()
    REJECT = auto()
    HANG = auto()
    GARBAGE = auto()


@dataclass(slots=True, kw_only=True)
class Conduct:
    """A manner, for the calls of one execution (None: of all), for the next `times` calls (None: from now on)."""

    manner: Manner
    execution_id: str | None = None
    times: int | None = None
    status: Status = Status.UNAVAILABLE
    message: str = ""

    def claims(self, execution_id: str) -> bool:
        """Tell whether this conduct is for a call of `execution_id`, and use up one of its times if so."""
        if self.execution_id not in (None, execution_id) or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True
