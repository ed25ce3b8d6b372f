"""All callers of one engine, on one connection pool; each is made when its first call comes."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.caller import Caller, GuardedCaller
from stigmer_engine.calls.config import CallsConfig, HttpConfig
from stigmer_engine.calls.load import Load
from stigmer_engine.on_demand import load_part
from stigmer_engine.secrets import SecretVault

if TYPE_CHECKING:
    from stigmer_engine.calls.connections import Connections

Kind = Literal["http", "grpc", "resource"]

# The calls of a document, and the kinds of calls that they take.
_NEEDS: Final[Mapping[str, tuple[Kind, ...]]] = MappingProxyType(
    {"http": ("http",), "openapi": ("resource", "http"), "grpc": ("resource", "grpc")}
)


class BuildCaller(Protocol):
    """What the module of a kind has as `build_caller`."""

    def __call__(self, connections: "Connections") -> Caller:
        """The caller of that kind."""
        ...


class Callers:
    """The callers by kind (`http`, `grpc`, `resource`). Close them when done."""

    def __init__(self, config: CallsConfig, http: HttpConfig, *, load: Load, clock: Callable[[], float]) -> None:
        self._config = config
        self._http = http
        self._load = load
        self._clock = clock
        kinds: tuple[Kind, ...] = ("http", "grpc", "resource")
        self._late = {kind: _LateCaller(kind, self) for kind in kinds}
        guarded: dict[str, Caller] = {kind: GuardedCaller(kind, caller) for kind, caller in self._late.items()}
        self.by_kind: Mapping[str, Caller] = MappingProxyType(guarded)

    @cached_property
    def connections(self) -> "Connections":
        """What the callers share, opened for the first of them."""
        opened: Connections = load_part("connections").Connections(
            self._config, self._http, load=self._load, clock=self._clock
        )
        return opened

    def prepare(self, called: Iterable[str]) -> None:
        """Make the callers for the `call`s of a document: within a call it would take from the task's `timeout`."""
        for name in called:
            for kind in _NEEDS.get(name, ()):
                self._late[kind].prepare()

    async def close(self) -> None:
        """Close all connections."""
        if "connections" in self.__dict__:
            await self.connections.exits.aclose()


class _LateCaller:
    """A caller that is imported and made when it is first needed."""

    def __init__(self, kind: Kind, callers: Callers) -> None:
        self._kind = kind
        self._callers = callers

    @cached_property
    def _caller(self) -> Caller:
        build: BuildCaller = load_part(self._kind).build_caller
        return build(self._callers.connections)

    def prepare(self) -> None:
        """Make the caller now."""
        assert self._caller

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the call. Raises Fault; stops when cancelled."""
        return await self._caller.call(arguments, vault)
