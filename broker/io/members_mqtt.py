"""The members over MQTT: frames in, signed messages out, with reconnects and a last will."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiomqtt

from broker.io.outbox import Outbox, Parcel
from broker.io.process_config import MqttSettings
from broker.market.outgoing import Outgoing
from mqtt import stay_connected, together
from tls import TlsFiles, client_tls, diagnosis
from wire import clock
from wire.bundle import Letter, encode_bundle
from wire.codec import encode
from wire.messages import Message, ServiceStatus
from wire.signing import SigningKey, client_id, seal
from wire.topics import BY_KIND, broker_inbox, bundle_topic, gateways_inbox, parse_topic, topic

LOG = logging.getLogger(__name__)
CHUNK = 200
BUNDLE_FRAMES = 250
FAREWELL_S = 2.0
SOFTWARE = "community-broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """Who takes what comes in: frames (kind, meter, bytes), announced instants, and the news of a connection."""

    on_frame: Callable[[str, str, bytes], None]
    on_instant: Callable[[clock.Instant], None]
    on_connected: Callable[[], None]


class MembersMqtt:
    """One connection to the members. `send` never blocks; `run` serves until it is cancelled."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        community: str,
        key: SigningKey,
        driven: bool,
        receivers: Receivers,
        outgoing_max: int,
        gateway_of: Callable[[Outgoing], str],
    ) -> None:
        self._settings = settings
        self._files = TlsFiles(ca_file=settings.ca_file, cert_file=settings.cert_file, key_file=settings.key_file)
        self._community = community
        self._key = key
        self._driven = driven
        self._receivers = receivers
        self._gateway_of = gateway_of
        self._outbox = Outbox(outgoing_max)
        self._work = asyncio.Event()
        self._failing = False
        self.is_connected = False

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Signs messages and queues them; those for the meters of a gateway go in bundles, behind the others."""
        dropped = self._outbox.dropped
        letters: dict[str, list[Letter]] = {}
        for out in outgoing:
            gateway = self._gateway_of(out)
            if gateway:
                letters.setdefault(gateway, []).append(Letter(out.message.kind, out.meter, self._frame(out.message)))
            else:
                self._outbox.put(self._parcel(out))
        for gateway, own in letters.items():
            for first in range(0, len(own), BUNDLE_FRAMES):
                bundle = encode_bundle(own[first : first + BUNDLE_FRAMES])
                self._outbox.put(Parcel(bundle_topic(self._community, gateway), bundle, 1, False, True))
        if self._outbox.dropped and not dropped:
            LOG.error(
                "outgoing queue full: oldest private messages give way, members have to ask for the slot's state"
            )
        self._work.set()

    def send_done(self, done: clock.Done) -> None:
        """Queues the answer to an instant of a driven clock: it goes when all before it was acknowledged."""
        where = clock.done_topic(self._community, "broker")
        parcel = Parcel(where, clock.encode_done(done), clock.QOS, False, False)
        self.when_sent(lambda: self._outbox.put(parcel))

    def when_sent(self, mark: Callable[[], None]) -> None:
        """Calls `mark` once the server has acknowledged everything sent so far."""
        self._outbox.put_mark(mark)
        self._work.set()

    def _parcel(self, out: Outgoing) -> Parcel:
        rule = BY_KIND[out.message.kind]
        where = topic(rule.kind, self._community, out.meter)
        return Parcel(where, self._frame(out.message), rule.qos, rule.retain, bool(out.meter))

    def _frame(self, message: Message) -> bytes:
        payload = encode(message)
        is_signed = BY_KIND[message.kind].signed
        return seal(self._key, message.kind, self._community, payload) if is_signed else payload

    def _status(self, *, online: bool) -> Parcel:
        status = ServiceStatus(community=self._community, state="online" if online else "offline", software=SOFTWARE)
        return self._parcel(Outgoing(status))

    async def run(self) -> None:
        """Serves the connection for ever: connects, receives and sends, and comes back after every failure."""
        await stay_connected(self._client, self._serve, self._report)

    async def _report(self, cause: BaseException) -> None:
        """One line per failure, not one per attempt."""
        if self._failing:
            return
        self._failing = True
        host, port = self._settings.host, self._settings.port
        told = await diagnosis(cause, host, port, self._files, "[mqtt] in the configuration")
        LOG.error("MQTT server %s:%d %s; trying again", host, port, told)

    def _client(self) -> aiomqtt.Client:
        s, offline = self._settings, self._status(online=False)
        password = s.password_file.read_text().strip() if s.password_file else None
        client = aiomqtt.Client(
            s.host,
            s.port,
            username=s.username,
            password=password,
            identifier=client_id(self._key, self._community, "broker"),
            clean_session=False,
            timeout=s.timeout_s,
            will=aiomqtt.Will(offline.topic, offline.frame, offline.qos, offline.retain),
            max_inflight_messages=CHUNK,
            tls_context=client_tls(self._files),
            # Without it small acknowledgements wait for each other (Nagle): 500 instead of thousands of messages/s.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = CHUNK
        return client

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Announces the broker and works until cancelled; whoever was told `online` is told `offline` at the end."""
        try:
            await self._announce(client)
            await together(self._receive(client), self._transmit(client))
        except asyncio.CancelledError:
            with suppress(aiomqtt.MqttError, TimeoutError):
                await asyncio.wait_for(self._publish(client, [self._status(online=False)]), FAREWELL_S)
            raise
        finally:
            self.is_connected = False

    async def _announce(self, client: aiomqtt.Client) -> None:
        filters = [(broker_inbox(self._community), 1), (gateways_inbox(self._community), 1)]
        if self._driven:
            filters.append((clock.now_topic(self._community), clock.QOS))
        await client.subscribe(filters)
        await self._publish(client, [self._status(online=True)])
        LOG.info("MQTT server %s:%d connected%s", self._settings.host, self._settings.port, " again" * self._failing)
        self._failing = False
        self.is_connected = True
        self._receivers.on_connected()

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            name = message.topic.value
            if name == clock.now_topic(self._community):
                self._instant(payload)
            elif (address := parse_topic(name, self._community)) is not None:
                self._receivers.on_frame(address.kind, address.meter, payload)

    def _instant(self, payload: bytes) -> None:
        try:
            self._receivers.on_instant(clock.decode_now(payload))
        except clock.ClockError as error:
            LOG.error("driven clock: %s; the coordinator has to be corrected", error)

    async def _transmit(self, client: aiomqtt.Client) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while parcels := self._outbox.first(CHUNK):
                await self._publish(client, parcels)
                self._outbox.remove(parcels)

    @staticmethod
    async def _publish(client: aiomqtt.Client, parcels: Sequence[Parcel]) -> None:
        """Publishes in order and returns when the server has acknowledged all."""
        await asyncio.gather(*(client.publish(p.topic, p.frame, p.qos, p.retain) for p in parcels))
