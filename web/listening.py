"""Listening for a page: connections are bounded, all of them and those of one peer, and idle ones end.

Who opens connections and says nothing costs the program file descriptors, which it needs for meters and files.
"""

import asyncio
import logging
import os

from aiohttp import web as http

CONNECTIONS_MAX = 256
CONNECTIONS_PER_PEER_MAX = 128
IDLE_S = 20.0  # until a request is whole, and between two
LEFT_OVER_S = 2.0  # for the rest of a body that nobody wants
CLOSING_S = 2.0
# What others send wrong is no fault of the program; what its handlers do wrong the guard logs.
QUIET = logging.getLogger(f"{__name__}.protocol")
QUIET.setLevel(logging.CRITICAL)


class PortTaken(Exception):
    """The page's address cannot be listened on: the message says which and what to do."""


class Listening:
    """A page that is served on one address."""

    def __init__(self, runner: http.AppRunner, server: asyncio.Server) -> None:
        self._runner, self._server = runner, server

    @property
    def port(self) -> int:
        """The port, which was chosen by the system where 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Ends all connections; the address is free afterwards."""
        self._server.close()
        await self._runner.cleanup()


async def listening(app: http.Application, host: str, port: int) -> Listening:
    """The running server. Raises: PortTaken when the address is not free or not of this machine."""
    runner = http.AppRunner(
        app,
        access_log=None,
        logger=QUIET,
        shutdown_timeout=CLOSING_S,
        keepalive_timeout=IDLE_S,
        lingering_time=LEFT_OVER_S,
        auto_decompress=False,
    )
    await runner.setup()
    assert runner.server is not None
    handlers = runner.server
    try:
        server = await asyncio.get_running_loop().create_server(lambda: _Door(handlers), host, port)
    except OSError as error:
        await runner.cleanup()
        raise PortTaken(f"{host}:{port}: {_said(error)}; set another port in the page's table") from None
    return Listening(runner, server)


class _Door(asyncio.Protocol):
    """Gives a new connection to the page's handlers, or ends it when there are too many."""

    def __init__(self, handlers: http.Server) -> None:
        self._handlers = handlers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = _host(transport.get_extra_info("peername"))
        open_ones = self._handlers.connections
        if len(open_ones) >= CONNECTIONS_MAX or _of_peer(open_ones, peer) >= CONNECTIONS_PER_PEER_MAX:
            transport.abort()
            return
        handler = self._handlers()
        transport.set_protocol(handler)
        handler.connection_made(transport)


def _of_peer(connections: list[http.RequestHandler], peer: str) -> int:
    return sum(1 for one in connections if _host(one.peername) == peer)


def _host(peername: object) -> str:
    return str(peername[0]) if isinstance(peername, tuple) else ""


def _said(error: OSError) -> str:
    """The system's word for an error, without what asyncio puts around it."""
    return os.strerror(error.errno) if error.errno else str(error)
