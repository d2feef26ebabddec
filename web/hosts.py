"""Which names a page answers to: the defence against DNS rebinding and against requests of foreign pages. Pure.

A foreign page can make a browser send requests to an address of the home, but it cannot choose the `Host` that the
browser writes for a name it does not own, nor leave out the `Origin` of a request that changes something.
Source: RFC 9110 7.2 (Host), RFC 6454 7 (Origin).
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


def split_host(value: str) -> str | None:
    """The name in a Host header without port and brackets, in lower case; None when it is none."""
    try:
        name = urlsplit(f"//{value}").hostname
    except ValueError:
        return None
    return None if not name or "/" in value or "@" in value else name.rstrip(".")


def is_answered(host: str, *, lan: bool, names: Collection[str]) -> bool:
    """Whether a page answers to a Host header.

    A loopback page answers to loopback names and addresses. One for the network (`lan`) also to any plain address,
    which no foreign name can resolve to unseen, and to the `names` given.
    """
    name = split_host(host)
    if name is None:
        return False
    if name in LOOPBACK_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return lan and name in names
    return address.is_loopback or lan


def is_own_origin(origin: str, host: str) -> bool:
    """Whether an Origin header names the page itself, addressed by `host`."""
    scheme, _, rest = origin.partition("://")
    return scheme in ("http", "https") and rest.lower() == host.lower()


def is_loopback(peer: str) -> bool:
    """Whether a peer's address is one of this machine; a unix socket's empty one is."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return not peer
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
