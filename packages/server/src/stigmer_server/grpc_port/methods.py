"""One call of the contract: what it takes and gives, and who may make it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import betterproto2

from stigmer_server.access import Caller, Role
from stigmer_server.grpc_port.encoded import Encoded

Q = TypeVar("Q", bound=betterproto2.Message)
A = TypeVar("A", bound=betterproto2.Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Generic[Q, A]):
    """A call with one answer."""

    name: str
    request: type[Q]
    reply: type[A]
    roles: tuple[Role, ...]
    call: Callable[[Q, Caller], Awaitable[A]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming(Generic[Q, A]):
    """A call with a stream of answers."""

    name: str
    request: type[Q]
    reply: type[A]
    roles: tuple[Role, ...]
    call: Callable[[Q, Caller], AsyncIterator[A | Encoded]]


Method = Unary[Any, Any] | Streaming[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the contract by its full name."""

    name: str
    methods: tuple[Method, ...]
