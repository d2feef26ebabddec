"""Under which addresses a page can be opened: names that were configured, else the machine's own address."""

import socket
from collections.abc import Sequence

ANY_TARGET = ("192.0.2.1", 9)  # TEST-NET-1 (RFC 5737): choosing a route sends nothing


def page_hosts(names: Sequence[str], *, lan: bool) -> list[str]:
    """The hosts for a link, the best one first."""
    if not lan:
        return ["127.0.0.1"]
    return [*names, *_own_address()] or [socket.gethostname()]


def _own_address() -> list[str]:
    """The address with which this machine would go to the network; none where it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ANY_TARGET)
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
