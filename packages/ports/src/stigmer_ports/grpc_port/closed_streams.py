"""How many ended calls an HTTP/2 connection remembers."""

from typing import Final

from h2.connection import H2Connection

_REMEMBERED: Final = 4096


def remember_few_closed_streams() -> None:
    """Let connections that are made from now on remember so many ended calls, not 65,536.

    A connection keeps 143 bytes for each: 9 MiB for every runner that has reported long enough. It needs them only to
    bear frames that were on their way when a call was broken off, so those of the last few seconds will do. h2 has no
    setting for it that grpclib would hand on.
    """
    H2Connection.MAX_CLOSED_STREAMS = _REMEMBERED
