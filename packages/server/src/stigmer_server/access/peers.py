"""Who counts as one caller while the key is not known yet: the address a call comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def peer_name(address: str) -> str:
    """The IPv4 address, or of an IPv6 address the first 64 bits: who has one of them has them all.

    Something that is no IP address stands for itself.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
