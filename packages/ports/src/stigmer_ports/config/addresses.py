"""What an address says about who can reach it."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True when traffic to this host never leaves the machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
