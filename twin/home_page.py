"""The page of a generated home: the one place that puts its address into a home.toml."""

import socket
from collections.abc import Sequence

FIRST_PORT, LAST_PORT = 8081, 9000
# A page in a container listens beyond its loopback; its port is published on the loopback of the machine around it.
LAN = ["lan = true", 'names = ["localhost"]']


def page_port(number: int) -> int:
    """The port of the page of the n-th home (from 1), when they run on one machine."""
    return FIRST_PORT + number - 1


def free_page_ports(names: Sequence[str]) -> dict[str, int]:
    """A free loopback port for each home's page, from 8081 on."""
    ports = (port for port in range(FIRST_PORT, LAST_PORT) if _is_free(port))
    return dict(zip(names, ports, strict=False))


def free_port(first: int) -> int:
    """The first free loopback port from a number on."""
    return next(port for port in range(first, 65_536) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def page_table(port: int, *, lan: bool = False, currency: str = "") -> list[str]:
    """The `[page]` table as lines of TOML; `lan` opens it to others, who then need the one-time link."""
    said = [f'currency = "{currency}"'] if currency else []
    return ["", "[page]", f"port = {port}", *(LAN if lan else []), *said]
