"""A host and a port as written in `STIGMER_SERVICE_ENDPOINT`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_SCHEMES = {"grpc": None, "grpcs": True, "http": False, "https": True}
_SECURE_PORT = 443
_PLAIN_PORT = 80


class EndpointError(ValueError):
    """The text is not an endpoint; the message is the rest of a sentence that begins with the variable's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a service listens. `tls` is None when the text leaves it open (no scheme, or `grpc://`)."""

    host: str
    port: int
    tls: bool | None = None

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Read `host`, `host:port`, `[v6]:port`, or one of them after `grpc:// grpcs:// http:// https://`.

        Without a port it is 443, or 80 after `http://`. Raises EndpointError.
        """
        scheme, separator, rest = text.strip().rpartition("://")
        if separator and scheme not in _SCHEMES:
            raise EndpointError(f"has the unknown scheme {scheme!r}; write host:port, for example localhost:7234")
        parts = _split(rest)
        tls = _SCHEMES[scheme] if separator else None
        port = parts[1] if parts[1] is not None else (_PLAIN_PORT if tls is False else _SECURE_PORT)
        return cls(host=parts[0], port=port, tls=tls)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _split(text: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise EndpointError("must be host:port with a port from 1 to 65535") from None
    if parts.username is not None or parts.password is not None:
        raise EndpointError("must not contain a user name or password; use STIGMER_SERVICE_API_KEY")
    if not host or port == 0 or parts.query or parts.fragment or parts.path not in ("", "/") or " " in text:
        raise EndpointError("must be host:port, for example localhost:7234, without a path")
    return host, port
