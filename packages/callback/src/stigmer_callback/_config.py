"""Where and how to report."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from stigmer_callback._secret import Secret
from stigmer_callback.errors import CallbackConfigError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackConfig:
    """Settings of a `CallbackClient`. Raises `CallbackConfigError` for a value that cannot work.

    - `endpoint`: `host:port`, IPv6 in brackets (`[::1]:443`); no scheme, no path.
    - `api_key`: sent as `authorization: Bearer <key>`; printable ASCII without spaces.
    - `use_tls`: True or False says it; None (default) means on, except for loopback endpoints.
    - `ca_file`: PEM file of the authorities to trust instead of the system's, for a private authority.
    - `connect_timeout_seconds`: limit for name, TCP and TLS together.
    - `call_timeout_seconds`: deadline of one call after connecting, also sent to the peer as `grpc-timeout`.
    """

    endpoint: str
    api_key: Secret
    use_tls: bool | None = None
    ca_file: Path | None = None
    connect_timeout_seconds: float = 5.0
    call_timeout_seconds: float = 10.0
    host: str = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        host, port = parse_endpoint(self.endpoint)
        object.__setattr__(self, "host", host)
        object.__setattr__(self, "port", port)
        _check_key(self.api_key)
        for name in ("connect_timeout_seconds", "call_timeout_seconds"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be more than 0 seconds, not {getattr(self, name)}"
                raise CallbackConfigError(msg)

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted, after the default for loopback endpoints is applied."""
        return not is_loopback(self.host) if self.use_tls is None else self.use_tls

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return a context that verifies the peer and speaks HTTP/2, or None without TLS.

        Raises `CallbackConfigError` when `ca_file` cannot be read.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            msg = f"ca_file {self.ca_file} is not a readable PEM file of certificates: {error}"
            raise CallbackConfigError(msg) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        return context

    def log_encryption(self) -> None:
        """Say in the log when the key travels unencrypted, and why."""
        if self.tls:
            return
        if is_loopback(self.host):
            why = "it is a loopback address" if self.use_tls is None else "use_tls is False"
            log.info("progress callback to %s without TLS: %s", self.endpoint, why)
        else:
            log.warning(
                "progress callback to %s without TLS because use_tls is False: the API key and all events travel "
                "unencrypted",
                self.endpoint,
            )


def parse_endpoint(endpoint: str) -> tuple[str, int]:
    """Split `host:port`. Raises `CallbackConfigError` with what to write instead."""
    how = "write host:port, such as stigmer.example.com:443 or [::1]:9090"
    if "@" in endpoint:
        # What stands before an @ may be a password, so the value itself is not repeated.
        msg = f"endpoint must not carry a user or a password: {how}"
        raise CallbackConfigError(msg)
    if "/" in endpoint:
        msg = f"endpoint {endpoint!r} has a scheme or a path: {how}, and choose encryption by use_tls"
        raise CallbackConfigError(msg)
    host, colon, port = endpoint.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed):
        msg = f"endpoint {endpoint!r} has no port: {how}"
        raise CallbackConfigError(msg)
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536 and len(port) <= 5):
        msg = f"endpoint {endpoint!r} has port {port!r}, which is not a number from 1 to 65535: {how}"
        raise CallbackConfigError(msg)
    if any(character.isspace() for character in host):
        msg = f"endpoint {endpoint!r} has a space in its host: {how}"
        raise CallbackConfigError(msg)
    return (host[1:-1] if bracketed else host), int(port)


def is_loopback(host: str) -> bool:
    """Tell whether `host` can only be this machine: `localhost`, 127.0.0.0/8 or ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _check_key(key: object) -> None:
    if not isinstance(key, Secret):
        msg = "api_key must be a Secret: write api_key=Secret(text)"
        raise CallbackConfigError(msg)
    if not key.reveal():
        msg = "api_key is empty; it is needed to report progress"
        raise CallbackConfigError(msg)
    for position, character in enumerate(key.reveal(), start=1):
        if not "!" <= character <= "~":
            msg = (
                f"api_key has a character at position {position} that an HTTP header cannot carry "
                "(a space, a line end or no ASCII); a file's last line end is a common cause"
            )
            raise CallbackConfigError(msg)
