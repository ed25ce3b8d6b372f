"""gRPC channels to checked addresses, kept for the next call."""

import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import grpc

from stigmer_engine.calls.network import AddressRefused, Network
from stigmer_engine.faults import fault

_TLS_SCHEMES: Final = {"grpc": False, "http": False, "grpcs": True, "https": True}
_TLS_PORT: Final = 443
_PLAIN_PORT: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a peer is. `tls` is what the document's scheme says, or else whether the port is 443."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, host: str, port: int | None = None) -> "Target":
        """A target from `host`, `scheme://host` or `scheme://host:port`; `port` wins. Raises Fault `configuration`."""
        parts = urlsplit(host if "://" in host else f"//{host}")
        try:
            number = port or parts.port
        except ValueError:
            number = None
        if not parts.hostname or parts.path.strip("/") or (parts.scheme and parts.scheme not in _TLS_SCHEMES):
            hint = "write a host name, or grpc:// (plain) or grpcs:// (TLS) and a host name"
            raise fault("configuration", f"{host!r} is not the host of a gRPC service", hint)
        tls = _TLS_SCHEMES.get(parts.scheme, number in (None, _TLS_PORT))
        return cls(host=parts.hostname, port=number or (_TLS_PORT if tls else _PLAIN_PORT), tls=tls)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(slots=True)
class _Kept:
    channel: grpc.aio.Channel
    users: int = 0


class Channels:
    """Channels by target and addresses. gRPC is given addresses, so it resolves nothing by itself."""

    def __init__(self, network: Network, *, max_message_bytes: int, max_channels: int, ca_file: Path | None) -> None:
        self._network = network
        self._max_message_bytes = max_message_bytes
        self._max_channels = max_channels
        self._roots = ca_file.read_bytes() if ca_file is not None else None
        self._kept: OrderedDict[tuple[Target, tuple[str, ...]], _Kept] = OrderedDict()

    @contextlib.asynccontextmanager
    async def open(self, target: Target) -> AsyncIterator[grpc.aio.Channel]:
        """A channel for one call.

        Raises:
            Fault: `authorization` for a refused address; `communication` when the name does not resolve.
        """
        try:
            addresses = await self._network.addresses(target.host, target.port)
        except AddressRefused as error:
            raise error.fault from None
        except OSError as error:
            raise fault("communication", "The call failed", f"{target}: {error}", status=503) from None
        key = (target, addresses)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(self._connect(target, addresses))
        self._kept.move_to_end(key)
        kept.users += 1
        try:
            yield kept.channel
        finally:
            kept.users -= 1
            await self._shrink()

    async def close(self) -> None:
        """Close all channels; calls under way end."""
        while self._kept:
            _, kept = self._kept.popitem()
            await kept.channel.close()

    def _connect(self, target: Target, addresses: tuple[str, ...]) -> grpc.aio.Channel:
        version = 6 if ":" in addresses[0] else 4
        same = [address for address in addresses if (":" in address) == (version == 6)]
        places = ",".join(
            f"[{address}]:{target.port}" if version == 6 else f"{address}:{target.port}" for address in same
        )
        where = f"ipv{version}:{places}"
        options: list[tuple[str, str | int]] = [
            ("grpc.default_authority", str(target)),
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.service_config_disable_resolution", 1),
            ("grpc.enable_retries", 0),
            ("grpc.primary_user_agent", "stigmer"),
            ("grpc.max_receive_message_length", self._max_message_bytes),
            ("grpc.max_send_message_length", self._max_message_bytes),
            # A workflow's own retries decide how long to wait for a peer.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ]
        if not target.tls:
            return grpc.aio.insecure_channel(where, options)
        options.append(("grpc.ssl_target_name_override", target.host))
        return grpc.aio.secure_channel(where, grpc.ssl_channel_credentials(self._roots), options)

    async def _shrink(self) -> None:
        for key in [key for key, kept in self._kept.items() if kept.users == 0]:
            if len(self._kept) <= self._max_channels:
                return
            kept = self._kept.pop(key)
            await kept.channel.close()
