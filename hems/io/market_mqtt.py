"""The market over MQTT, as one meter sees it: frames out, the broker's frames in, with reconnects."""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from hems.control.transactive_meter import Frame
from hems.site.config import MarketTable, resolved
from mqtt import stay_connected, together
from tls import TlsFiles, client_tls, diagnosis
from wire import clock
from wire.topics import BY_KIND, meter_inbox, parse_topic, public_inbox, topic, witness_inbox

LOG = logging.getLogger(__name__)
OUTGOING_MAX = 1_000
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketReceivers:
    """Who takes what comes in: frames (kind, bytes), announced instants, and the news of a connection."""

    on_frame: Callable[[str, bytes], None]
    on_instant: Callable[[clock.Instant], None]
    on_connected: Callable[[], None]


class MarketMqtt:
    """One meter's connection. `send` never blocks: beyond 1,000 waiting frames the oldest give way, since orders and
    reports stay in the outbox until they are receipted. Relative files of the configuration start at `base`."""

    def __init__(
        self,
        config: MarketTable,
        base: Path,
        *,
        meter: str,
        client_id: str,
        driven: bool,
        receivers: MarketReceivers,
    ) -> None:
        self._config = config
        self._base = base
        ca, cert, key = (
            None if path is None else resolved(base, path)
            for path in (config.ca_file, config.cert_file, config.key_file)
        )
        self._files = TlsFiles(ca_file=ca, cert_file=cert, key_file=key)
        self._meter = meter
        self._client_id = client_id
        self._driven = driven
        self._receivers = receivers
        self._waiting: deque[tuple[str, bytes, int, bool]] = deque(maxlen=OUTGOING_MAX)
        self._work = asyncio.Event()
        self._failing = False
        self.is_connected = False

    def send(self, frames: list[Frame]) -> None:
        """Queues frames."""
        for frame in frames:
            rule = BY_KIND[frame.kind]
            where = topic(frame.kind, self._config.community, self._meter)
            self._waiting.append((where, frame.data, rule.qos, rule.retain))
        self._work.set()

    def send_done(self, done: clock.Done) -> None:
        """Queues the answer to an instant of a driven clock."""
        where = clock.done_topic(self._config.community, self._meter)
        self._waiting.append((where, clock.encode_done(done), clock.QOS, False))
        self._work.set()

    async def run(self) -> None:
        """Serves the connection for ever: connects, receives and sends, and comes back after every failure."""
        await stay_connected(self._client, self._serve, self._report)

    async def _report(self, cause: BaseException) -> None:
        """One line per failure, not one per attempt."""
        if self._failing:
            return
        self._failing = True
        host, port = self._config.host, self._config.port
        told = await diagnosis(cause, host, port, self._files, "[market]")
        LOG.warning("MQTT server %s:%d %s; the home goes on alone, trying again", host, port, told)

    def _client(self) -> aiomqtt.Client:
        c = self._config
        password = resolved(self._base, c.password_file).read_text().strip() if c.password_file else None
        client = aiomqtt.Client(
            c.host,
            c.port,
            username=c.username,
            password=password,
            identifier=self._client_id,
            clean_session=False,
            timeout=TIMEOUT_S,
            tls_context=client_tls(self._files),
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = 100
        return client

    async def _serve(self, client: aiomqtt.Client) -> None:
        community = self._config.community
        filters = [
            (inbox, 1)
            for inbox in (public_inbox(community), meter_inbox(community, self._meter), witness_inbox(community))
        ]
        if self._driven:
            filters.append((clock.now_topic(community), clock.QOS))
        await client.subscribe(filters)
        if self._failing:
            LOG.warning("MQTT server %s:%d is there again", self._config.host, self._config.port)
        self._failing = False
        self.is_connected = True
        try:
            self._receivers.on_connected()
            self._work.set()
            await together(self._receive(client), self._transmit(client))
        finally:
            self.is_connected = False

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            name = message.topic.value
            if name == clock.now_topic(self._config.community):
                self._instant(payload)
            elif (address := parse_topic(name, self._config.community)) is not None:
                self._receivers.on_frame(address.kind, payload)

    def _instant(self, payload: bytes) -> None:
        try:
            self._receivers.on_instant(clock.decode_now(payload))
        except clock.ClockError as error:
            LOG.error("driven clock: %s; the coordinator has to be corrected", error)

    async def _transmit(self, client: aiomqtt.Client) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                where, data, qos, retain = self._waiting[0]
                await client.publish(where, data, qos, retain)
                if self._waiting and self._waiting[0][1] is data:
                    self._waiting.popleft()
