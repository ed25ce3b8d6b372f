"""Opens the listening sockets, so that a port in use is one sentence and not a stack trace of a server."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from stigmer_ports.config import ConfigError

_BACKLOG = 256


@contextmanager
def listening(host: str, port: int, *, host_variable: str, port_variable: str) -> Iterator[socket.socket]:
    """A socket that listens on host and port; port 0 takes a free one. Raises ConfigError naming the wrong variable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"{host_variable} {host!r} is not an address of this machine: {error.strerror}.") from None
    with socket.socket(family, kind, protocol) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            listener.setblocking(False)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigError(f"{port_variable} {port} on {host} cannot be used: {why}.") from None
        yield listener


def port_of(listener: socket.socket) -> int:
    """The port that was asked for, or the free one that was taken."""
    port: int = listener.getsockname()[1]
    return port
