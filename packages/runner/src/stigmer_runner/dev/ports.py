"""The ports of a platform: the usual ones, or free ones where somebody else has those."""

import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stigmer_runner.dev.problems import DevProblem

HOST: Final = "127.0.0.1"
# A port that the system gives to connections by itself could be gone before a part listens on it, or starts again.
_BELOW_EPHEMERAL: Final = range(20_000, 32_768)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPorts:
    """Ports that the user asks for; None leaves the choice to us."""

    grpc: int | None = None
    page: int | None = None
    temporal: int | None = None
    temporal_ui: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports that are free now. They stay the same as long as the platform runs, whichever part starts anew."""

    grpc: int
    page: int
    temporal: int
    temporal_ui: int | None
    runner_grpc: int
    runner_http: int


def choose_ports(wanted: WantedPorts, tell: Callable[[str], None], *, ui: bool) -> Ports:
    """A port for each part; `tell` gets a sentence for each usual one that is taken. Without `ui` it has none.

    Raises:
        DevProblem: a port that was asked for is taken.
    """
    choice = _Choice(tell)
    return Ports(
        grpc=choice.port("--port", wanted.grpc, usual=7234, what="the service's gRPC"),
        page=choice.port("--page-port", wanted.page, usual=7235, what="the page"),
        temporal=choice.port("--temporal-port", wanted.temporal, usual=7233, what="Temporal"),
        temporal_ui=choice.port("--ui-port", wanted.temporal_ui, usual=8233, what="the Temporal UI") if ui else None,
        runner_grpc=choice.port("", None, usual=8080, what="the runner's gRPC"),
        runner_http=choice.port("", None, usual=8081, what="the runner's HTTP"),
    )


class _Choice:
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._given: set[int] = set()

    def port(self, option: str, wanted: int | None, *, usual: int, what: str) -> int:
        if wanted is not None and (wanted in self._given or not _is_free(wanted)):
            raise DevProblem(f"{option} {wanted} is taken; give another port, or none and a free one is found.")
        port = wanted if wanted is not None else usual
        if wanted is None and (port in self._given or not _is_free(port)):
            port = self._free()
            self._tell(f"port {usual} is taken: {what} gets {port}")
        self._given.add(port)
        return port

    def _free(self) -> int:
        while True:
            port = random.choice(_BELOW_EPHEMERAL)  # noqa: S311 - spreads out
            if port not in self._given and _is_free(port):
                return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except (OSError, OverflowError):
        return False
    return True
