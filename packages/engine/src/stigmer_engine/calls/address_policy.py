"""Which addresses calls may reach. Names are judged by what they resolve to, never by their spelling alone."""

import fnmatch
import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from stigmer_engine.faults import Fault, fault

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_LINK_LOCAL: Final = _networks("169.254.0.0/16", "fe80::/10")
# Where clouds serve credentials to whoever asks from inside: AWS, Google, Alibaba, Azure, Oracle.
_METADATA: Final = _networks(
    "fd00:ec2::/32", "fd20:ce::254/128", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"
)
_METADATA_NAMES: Final = frozenset({"metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"})
_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128")
_PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
_NOT_A_PEER: Final = _networks("224.0.0.0/4", "240.0.0.0/4", "ff00::/8")
# IPv6 that carries an IPv4 address, and how far from the right it stands: NAT64 (RFC 6052), 6to4, IPv4-compatible.
_CARRIERS: Final = (("64:ff9b::/96", 0), ("2002::/16", 80), ("::/96", 0))
_CARRIER_NETWORKS: Final = tuple((ipaddress.IPv6Network(text), shift) for text, shift in _CARRIERS)


class AddressRefused(Exception):
    """A host or address that the policy refuses; `fault` is what the workflow sees."""

    def __init__(self, host: str, address: Address | None, rule: str) -> None:
        where = host if address is None or str(address) == host else f"{host} ({address})"
        super().__init__(f"{where}: {rule}")
        self.fault: Fault = fault("authorization", "The address is not allowed", f"{where} is refused: {rule}")


@dataclass(frozen=True, kw_only=True)
class AddressPolicy:
    """Rules for outbound connections.

    A rule is an address or CIDR (`10.0.0.0/8`, `::1`), a host name (`api.example.com`) or a name with wildcards
    (`*.example.com`). In this order: a `deny` rule refuses; an address in `allow` is allowed, whatever it is;
    link-local and metadata addresses are refused; a host name in `allow` is allowed; then `loopback`, `private` and
    `default` decide. So a name in `allow` never opens the way to a metadata service.

    Attributes:
        allow: rules that allow.
        deny: rules that refuse; they win.
        loopback: whether this machine itself may be called.
        private: whether private networks (RFC 1918, RFC 6598, RFC 4193) may be called.
        default: what happens to addresses for which there is no rule; `deny` makes `allow` a complete list.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    loopback: bool = True
    private: bool = True
    default: Literal["allow", "deny"] = "allow"

    def __post_init__(self) -> None:
        for rule in (*self.allow, *self.deny):
            if not rule.strip() or ("/" in rule and _network(rule) is None):
                raise ValueError(f"{rule!r} is neither an address, a CIDR, a host name nor a name with wildcards")

    def check_host(self, host: str) -> None:
        """Refuse by name, before anything is resolved. Raises AddressRefused."""
        name = _name(host)
        for rule in self._deny[1]:
            if fnmatch.fnmatchcase(name, rule):
                raise AddressRefused(host, None, f"the rule `deny: {rule}`")
        if name in _METADATA_NAMES and not self._names_allowed(name):
            raise AddressRefused(host, None, "metadata services are not for workflows")

    def check_address(self, host: str, text: str) -> None:
        """Refuse by the address that `host` resolved to. Raises AddressRefused."""
        address = ipaddress.ip_address(text)
        forms = tuple(_forms(address))
        for network in self._deny[0]:
            if _within(forms, (network,)):
                raise AddressRefused(host, address, f"the rule `deny: {network}`")
        if _within(forms, self._allow[0]):
            return
        if _within(forms, _LINK_LOCAL):
            raise AddressRefused(host, address, "link-local addresses are not for workflows")
        if _within(forms, _METADATA):
            raise AddressRefused(host, address, "metadata services are not for workflows")
        if _within(forms, _NOT_A_PEER):
            raise AddressRefused(host, address, "multicast and reserved addresses are not for workflows")
        if self._names_allowed(_name(host)):
            return
        if not self.loopback and _within(forms, _LOOPBACK):
            raise AddressRefused(host, address, "loopback addresses are off (`loopback`)")
        if not self.private and _within(forms, _PRIVATE):
            raise AddressRefused(host, address, "private addresses are off (`private`)")
        if self.default == "deny":
            raise AddressRefused(host, address, "no `allow` rule names it")

    def _names_allowed(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, rule) for rule in self._allow[1])

    @cached_property
    def _allow(self) -> tuple[tuple[Network, ...], tuple[str, ...]]:
        return _split(self.allow)

    @cached_property
    def _deny(self) -> tuple[tuple[Network, ...], tuple[str, ...]]:
        return _split(self.deny)


def _split(rules: tuple[str, ...]) -> tuple[tuple[Network, ...], tuple[str, ...]]:
    networks = tuple(network for network in map(_network, rules) if network is not None)
    return networks, tuple(_name(rule) for rule in rules if _network(rule) is None)


def _network(rule: str) -> Network | None:
    try:
        return ipaddress.ip_network(rule.strip(), strict=False)
    except ValueError:
        return None


def _name(host: str) -> str:
    return host.strip().rstrip(".").lower()


def _within(forms: tuple[Address, ...], networks: tuple[Network, ...]) -> bool:
    return any(form in network for form in forms for network in networks if form.version == network.version)


def _forms(address: Address) -> "tuple[Address, ...]":
    """The address, and the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    plain = ipaddress.IPv6Address(int(address))  # without its zone, with which it would be in no network
    forms: list[Address] = [plain]
    if plain.ipv4_mapped is not None:
        forms.append(plain.ipv4_mapped)
    if plain.teredo is not None:
        forms.extend(plain.teredo)
    for network, shift in _CARRIER_NETWORKS:
        # `::` and `::1` are addresses in their own right, not IPv4 in disguise.
        if plain in network and int(plain) > 1:
            forms.append(ipaddress.IPv4Address((int(plain) >> shift) & 0xFFFFFFFF))
    return tuple(forms)
