"""Where a connection without TLS is read by nobody: on this machine. Anywhere else a secret in it is open."""

import ipaddress
from urllib.parse import urlsplit

NAMES = frozenset({"localhost", "ip6-localhost"})


def is_this_machine(host: str) -> bool:
    """Whether a host, as a configuration names it, is this machine itself. A name is not looked up."""
    name = host.lower().rstrip(".")
    if name in NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_read_on_the_way(url: str) -> bool:
    """Whether what goes to an address can be read by others: it leaves this machine, and not encrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")
