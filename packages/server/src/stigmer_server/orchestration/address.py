"""Where a runner listens."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerAddress:
    """Host and port of a runner, and whether it speaks TLS."""

    host: str
    port: int
    tls: bool


def runner_address(endpoint: str) -> RunnerAddress:
    """Read `grpc://host:port` or, with TLS, `grpcs://host:port`. Raises ValueError: the rest of a sentence."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must have a port from 1 to 65535") from None
    rest = parts.path or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in ("grpc", "grpcs") or not host or not port or rest:
        raise ValueError("must be grpc://host:port, or grpcs://host:port with TLS")
    return RunnerAddress(host=host, port=port, tls=parts.scheme == "grpcs")
