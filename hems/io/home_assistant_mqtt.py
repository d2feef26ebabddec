"""Home Assistant's MQTT server as one home sees it: discovery and states out, commands in, with reconnects.

While the server is away nothing is kept but the newest state per topic: after each connection all is told anew.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from hems.control.home_assistant.discovery import Publication
from hems.control.home_assistant.topics import OFFLINE, ONLINE, Topics
from hems.site.config import HomeAssistantTable, resolved
from mqtt import heed_cancel, stay_connected, together
from tls import TlsFileError, TlsFiles, client_tls

LOG = logging.getLogger(__name__)
CLIENT_LOG = logging.getLogger(f"{__name__}.client")
CLIENT_LOG.setLevel(logging.CRITICAL)  # what it says at each attempt is said here once, with a remedy
TIMEOUT_S = 10.0
WAITING_MAX = 2_000
INCOMING_MAX = 200
KEEPALIVE_S = 30
OLD_TOLD_MAX = 100  # topics with retained commands that the log names: a stranger may leave any number


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """Who hears of a new connection, of Home Assistant's birth, and of commands (component, payload)."""

    on_connected: Callable[[], None]
    on_birth: Callable[[], None]
    on_command: Callable[[str, bytes], None]


class UnreadableFileError(OSError):
    """A file of the table cannot be read: the message names it."""


def trouble(cause: BaseException) -> str:
    """Why there is no connection, and what to do."""
    match _encryption(cause) or cause:
        case TlsFileError():
            return f"cannot be used: {cause}"
        case UnreadableFileError():
            return f"cannot be used: {cause}: correct the path in [home_assistant], or its owner and mode"
        case ssl.SSLCertVerificationError() as error:
            advice = "give ca_file the certificate of its authority, and host the name that stands in the certificate"
            return f"is not trusted ({error.verify_message}): {advice}"
        case ssl.SSLError() as error:
            return f"gives no encrypted connection ({error}): check port and ca_file, or leave tls out"
        case aiomqtt.MqttError() if "authori" in str(cause) or "user name" in str(cause):
            return f"refuses the login ({cause}): correct username and password_file"
        case _:
            return f"is not there ({cause}): start it or correct host and port in [home_assistant]"


def _encryption(cause: BaseException | None) -> ssl.SSLError | None:
    """The failure of encryption that a failure comes from; None when it does not."""
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


class HomeAssistantMqtt:
    """One home's connection; nothing here blocks the home, and nothing that a server or stranger does ends it."""

    def __init__(self, table: HomeAssistantTable, base: Path, topics: Topics, receivers: Receivers) -> None:
        self._table = table
        self._base = base
        self._topics = topics
        self._receivers = receivers
        self._waiting: deque[Publication | Callable[[], None]] = deque(maxlen=WAITING_MAX)
        self._states: dict[str, Publication] = {}
        self._work = asyncio.Event()
        self._failing = False
        self._old_told: set[str] = set()
        self.is_connected = False

    def send(self, publications: Sequence[Publication], then: Callable[[], None] | None = None) -> None:
        """Queues messages in their order, and what is to be done when the server has taken them."""
        self._waiting.extend(publications)
        if then is not None:
            self._waiting.append(then)
        self._work.set()

    def tell(self, state: Publication) -> None:
        """Queues a state; of several on one topic the newest counts."""
        self._states[state.topic] = state
        self._work.set()

    async def run(self) -> None:
        """Serves the connection for ever: comes back after every failure."""
        await stay_connected(self._client, self._serve, self._report)

    def _client(self) -> aiomqtt.Client:
        t = self._table
        password = self._text(t.password_file).strip() if t.password_file else None
        ca_file = None if t.ca_file is None else resolved(self._base, t.ca_file)
        return aiomqtt.Client(
            t.host,
            t.port,
            username=t.username,
            password=password,
            identifier=f"{self._topics.name}_homeassistant",
            clean_session=True,  # a command that waited for us is an old one
            keepalive=KEEPALIVE_S,
            timeout=TIMEOUT_S,
            tls_context=client_tls(TlsFiles(ca_file=ca_file, system=t.tls)),
            will=aiomqtt.Will(self._topics.status, OFFLINE, qos=1, retain=True),
            max_queued_incoming_messages=INCOMING_MAX,
            logger=CLIENT_LOG,
        )

    def _text(self, path: Path) -> str:
        """The text of a file. Raises: UnreadableFileError when it cannot be read."""
        where = resolved(self._base, path)
        try:
            return where.read_text(encoding="utf-8")
        except OSError as error:
            raise UnreadableFileError(f"{where}: {error.strerror}") from None

    async def _serve(self, client: aiomqtt.Client) -> None:
        await client.subscribe([(self._topics.birth, 1), (self._topics.commands, 1)])
        heed_cancel()
        if self._failing:
            LOG.warning("Home Assistant's MQTT server %s:%d is there again", self._table.host, self._table.port)
        self._failing, self.is_connected = False, True
        self._waiting.clear()
        self._receivers.on_connected()
        self.tell(Publication(topic=self._topics.status, payload=ONLINE, retain=True))
        try:
            await together(self._receive(client), self._transmit(client))
        finally:
            self.is_connected = False
            with suppress(aiomqtt.MqttError, asyncio.CancelledError):  # a clean end has no last will
                await client.publish(self._topics.status, OFFLINE, qos=1, retain=True, timeout=1.0)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            name = message.topic.value
            component = self._topics.commanded(name)
            if component is not None and message.retain:
                self._leave_old(name)
            elif component is not None:
                self._receivers.on_command(component, payload)
            elif name == self._topics.birth and payload == ONLINE.encode():
                self._receivers.on_birth()

    def _leave_old(self, topic: str) -> None:
        """Says once per topic that a command which lay on the server is not done: it may be of any age."""
        if topic in self._old_told or len(self._old_told) >= OLD_TOLD_MAX:
            return
        self._old_told.add(topic)
        LOG.warning(
            "a retained command lies on %s: it may be old and is left alone; remove it there with an empty retained "
            "message, and send commands without retain",
            topic,
        )

    async def _transmit(self, client: aiomqtt.Client) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                item = self._waiting[0]
                if isinstance(item, Publication):
                    await self._publish(client, item)
                else:
                    item()
                if self._waiting and self._waiting[0] is item:
                    self._waiting.popleft()
            for topic in list(self._states):
                await self._publish(client, self._states.pop(topic))

    @staticmethod
    async def _publish(client: aiomqtt.Client, what: Publication) -> None:
        await client.publish(what.topic, what.payload, qos=1, retain=what.retain)
        heed_cancel()

    async def _report(self, cause: BaseException) -> None:
        if self._failing:
            return
        self._failing = True
        LOG.warning(
            "Home Assistant's MQTT server %s:%d %s; the home goes on without it, trying again",
            self._table.host,
            self._table.port,
            trouble(cause),
        )
