"""The kit's connections to the MQTT server: one per identity, everything that comes goes into the recorder."""

import asyncio
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from conformance.identity import Member
from conformance.recorder import Recorder
from tls import TlsFiles, client_tls
from wire.topics import ROOT

TIMEOUT_S = 10.0
ENDS_WITHIN_S = 0.3


class LinkError(Exception):
    """The MQTT server cannot be reached or ended the connection; the message says which and what to check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the MQTT server is; `ca_file` pins its certificate and turns TLS on."""

    host: str
    port: int
    ca_file: Path | None = None

    def context(self, member: Member) -> ssl.SSLContext | None:
        """The TLS context of a member's connection, None without TLS."""
        return client_tls(TlsFiles(ca_file=self.ca_file, cert_file=member.cert_file, key_file=member.key_file))


class Link:
    """The connections of a run by name. `on_other` gets what is not of the protocol's topics of members."""

    def __init__(self, server: Server, recorder: Recorder, community: str) -> None:
        self._server = server
        self._recorder = recorder
        self._clients: dict[str, aiomqtt.Client] = {}
        self._opened: dict[str, tuple[Member, list[str]]] = {}
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock_prefix = f"{ROOT}/{community}/clock/"
        self.on_clock: Callable[[str, bytes], None] = lambda topic, payload: None
        self.lost: list[str] = []

    def _client(self, name: str, member: Member) -> aiomqtt.Client:
        s = self._server
        client = aiomqtt.Client(
            s.host,
            s.port,
            username=member.username,
            password=member.password,
            identifier=f"hearthgrid-tck-{name}-{secrets.token_hex(4)}",
            timeout=TIMEOUT_S,
            tls_context=s.context(member),
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = 1_000
        return client

    async def open(self, name: str, member: Member, filters: Iterable[str]) -> None:
        """Connects under a name and subscribes with QoS 1.

        Raises: LinkError when the server does not take the connection.
        """
        s, client, wanted = self._server, self._client(name, member), list(filters)
        try:
            await self._stack.enter_async_context(client)
            await client.subscribe([(name, 1) for name in wanted])
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkError(
                f"MQTT server {s.host}:{s.port} does not take {member.username or member.meter}: {error}; check "
                "--host, --port, the TLS options and the member's user name and password"
            ) from None
        self._clients[name], self._opened[name] = client, (member, wanted)
        task = asyncio.create_task(self._listen(name, client))
        self._tasks.add(task)

    async def _listen(self, name: str, client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                topic = message.topic.value
                if topic.startswith(self._clock_prefix):
                    self.on_clock(topic, payload)
                else:
                    self._recorder.hear(name, topic, payload, qos=message.qos, retain=message.retain)
        except aiomqtt.MqttError:
            self.lost.append(name)

    async def publish(self, name: str, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes with QoS 1 and returns when the server has acknowledged.

        Raises: LinkError when the connection is gone.
        """
        try:
            await self._clients[name].publish(topic, payload, 1, retain)
        except aiomqtt.MqttError as error:
            raise LinkError(
                f"the MQTT server ended the connection of {name!r} ({error}): check its log, and that each member "
                "may publish below its own meter/<meter>/"
            ) from None

    async def attempt(self, name: str, topic: str, payload: bytes) -> None:
        """Publishes over a second connection what a server may refuse, also by ending the connection.

        A server that gives each member one connection ends the first one for it: that is opened again.
        """
        member, filters = self._opened[name]
        with suppress(aiomqtt.MqttError):
            async with self._client("attempt", member) as client:
                try:
                    await client.publish(topic, payload, 1)
                finally:
                    # else the event loop reports the refusal as an error that nobody looked at
                    if client._disconnected.done():
                        client._disconnected.exception()
        if await self._was_ended(name):
            await self.open(name, member, filters)
            self.lost = [other for other in self.lost if other != name]

    async def _was_ended(self, name: str) -> bool:
        """Whether the server ends a connection now; it does so when it takes the next one of the same member."""
        with suppress(TimeoutError, aiomqtt.MqttError):
            await asyncio.wait_for(asyncio.shield(self._clients[name]._disconnected), ENDS_WITHIN_S)
        return self._clients[name]._disconnected.done()

    def check(self) -> None:
        """Raises: LinkError when a connection was lost."""
        if self.lost:
            raise LinkError(f"the MQTT server ended the connection of {self.lost[0]!r}: is it still running?")

    async def subscribe(self, name: str, filters: Iterable[str]) -> None:
        """Subscribes an open connection to more; servers may grant what they then filter."""
        await self._clients[name].subscribe([(f, 1) for f in filters])

    async def close(self) -> None:
        """Ends all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()


@asynccontextmanager
async def linked(server: Server, recorder: Recorder, community: str) -> AsyncIterator[Link]:
    """A link that is closed at the end."""
    link = Link(server, recorder, community)
    try:
        yield link
    finally:
        await link.close()
