"""Why a request is refused: carried from the core to every port, which has its own codes for it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

R = TypeVar("R", bound=StrEnum)
P = TypeVar("P")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class PortReason(StrEnum):
    """What a port refuses by itself. Every service has these among its own reasons."""

    INVALID_REQUEST = "INVALID_REQUEST"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"


class Refusal(Exception, Generic[R, P]):
    """A request that cannot be done; a service has a subclass, with its own reasons.

    `field` is the request field that is wrong, if one is; `problems` are all findings about what was sent in it;
    `facts` are the variable parts of the message for machines.
    """

    def __init__(
        self,
        reason: R,
        message: str,
        *,
        field: str = "",
        problems: tuple[P, ...] = (),
        facts: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.problems = problems
        self.facts = facts
