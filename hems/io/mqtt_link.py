"""The home's own MQTT server: one connection for all meters and devices on it, which comes back by itself."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt

from hems.io.modbus_link import MeterUnreachable
from hems.metering.foreign.meter import Heard
from hems.metering.foreign.template import KeepAlive
from hems.site.config_meter import MqttTable
from mqtt import stay_connected, together
from tls import TlsFiles, client_tls

LOG = logging.getLogger(__name__)
TIMEOUT_S = 5.0
WAITING_MAX = 1_000
FIRST_WAIT_S = 12.0  # most devices speak every 10 s


@dataclass(slots=True)
class _Listener:
    topics: tuple[str, ...]
    on_message: Callable[[Heard], object]
    keep_alive: KeepAlive | None


@dataclass(slots=True)
class MqttLink:
    """A connection that starts with the first use. Every listener gets the messages of its topics (filters).

    Incoming messages beyond 1,000 that wait push out the oldest: a flood never holds up or fills the process.
    """

    config: MqttTable
    base: Path = field(default_factory=Path)
    now: Callable[[], float] = time.time
    _listeners: list[_Listener] = field(default_factory=list)
    _client: aiomqtt.Client | None = None
    _task: asyncio.Task[None] | None = None
    _is_failing: bool = False
    _started_s: float = 0.0
    _cause: str = "not connected yet"

    @property
    def where(self) -> str:
        """Host and port for messages."""
        return f"{self.config.host}:{self.config.port}"

    def listen(
        self, topics: tuple[str, ...], on_message: Callable[[Heard], object], keep_alive: KeepAlive | None = None
    ) -> None:
        """Adds a listener; before the first use."""
        self._listeners.append(_Listener(topics, on_message, keep_alive))

    def start(self) -> None:
        """Starts the connection in the running loop, once."""
        if self._task is None or self._task.done():
            self._started_s = time.monotonic()
            self._task = asyncio.get_running_loop().create_task(stay_connected(self._made, self._serve, self._failed))

    async def first(self, news: asyncio.Event) -> None:
        """Waits for a device's first message; a while after the start nobody waits any more."""
        self.start()
        left_s = self._started_s + FIRST_WAIT_S - time.monotonic()
        if news.is_set() or left_s <= 0:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), left_s)

    @property
    def is_connected(self) -> bool:
        """Whether the server is there and has taken the subscriptions."""
        return self._client is not None

    def unreachable(self) -> MeterUnreachable:
        """The error for people while there is no connection."""
        return MeterUnreachable(
            f"MQTT server {self.where} is not there ({self._cause}): start it, or correct host, port, username, "
            "password_file and ca_file in [mqtt]"
        )

    async def publish(self, topic: str, payload: str) -> None:
        """Sends a message with QoS 1, never retained. Raises MeterUnreachable when the server does not take it."""
        self.start()
        if self._client is None:
            raise self.unreachable()
        try:
            await asyncio.wait_for(self._client.publish(topic, payload.encode(), 1, False), TIMEOUT_S)
        except (aiomqtt.MqttError, TimeoutError) as error:
            raise MeterUnreachable(
                f"MQTT server {self.where} did not take a command ({error}): it is repeated"
            ) from None

    def close(self) -> None:
        """Drops the connection."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._client = None

    def _made(self) -> aiomqtt.Client:
        c = self.config
        ca_file = None if c.ca_file is None else self.base / c.ca_file
        try:
            password = None if c.password_file is None else (self.base / c.password_file).read_text("utf-8").strip()
            tls = client_tls(TlsFiles(ca_file=ca_file, system=c.tls))
        except (OSError, UnicodeDecodeError) as error:
            raise OSError(f"password_file or ca_file of [mqtt]: {error}") from None
        client = aiomqtt.Client(
            c.host,
            c.port,
            username=c.username,
            password=password,
            timeout=TIMEOUT_S,
            tls_context=tls,
            max_queued_incoming_messages=WAITING_MAX,
        )
        client.pending_calls_threshold = 100
        ended = getattr(client, "_disconnected", None)
        if isinstance(ended, asyncio.Future):  # server and program may end at once: nobody asks for the error then
            ended.add_done_callback(lambda future: future.cancelled() or future.exception())
        return client

    async def _serve(self, client: aiomqtt.Client) -> None:
        topics = dict.fromkeys(topic for listener in self._listeners for topic in listener.topics)
        if topics:
            await client.subscribe([(topic, 1) for topic in topics])
        if self._is_failing:
            LOG.warning("MQTT server %s is there again", self.where)
        self._is_failing, self._client = False, client
        rules = [one.keep_alive for one in self._listeners if one.keep_alive is not None]
        try:
            await together(self._receive(client), *(_keep_alive(client, rule) for rule in rules))
        finally:
            self._client = None

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            heard = Heard(topic=message.topic.value, payload=payload, retained=bool(message.retain), at_s=self.now())
            for listener in self._listeners:
                if any(message.topic.matches(topic) for topic in listener.topics):
                    listener.on_message(heard)

    async def _failed(self, cause: BaseException) -> None:
        self._cause = str(cause) or type(cause).__name__
        if not self._is_failing:
            self._is_failing = True
            LOG.warning("%s; trying again", self.unreachable())


async def _keep_alive(client: aiomqtt.Client, rule: KeepAlive) -> None:
    payload = rule.first_payload
    while True:
        await client.publish(rule.topic, payload.encode(), 0, False)
        payload = rule.payload
        await asyncio.sleep(rule.every_s)
