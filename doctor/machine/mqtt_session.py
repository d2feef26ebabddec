"""A short visit to an MQTT server: connect, publish, listen, leave. Blocking, for checks in threads of their own."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tls import TlsFiles, client_tls, is_this_machine

WAIT_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttPlace:
    """Where an MQTT server is and how this program logs in; None where the configuration says nothing."""

    host: str
    port: int
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @property
    def where(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, where nobody listens on the way."""
        return is_this_machine(self.host)

    def password(self) -> str | None:
        """The password. Raises OSError when its file cannot be read."""
        return None if self.password_file is None else self.password_file.read_text().strip()

    def tls(self) -> ssl.SSLContext | None:
        """The TLS settings; None for a plain connection. Raises OSError when a file is missing or no certificate."""
        return client_tls(TlsFiles(ca_file=self.ca_file, cert_file=self.cert_file, key_file=self.key_file))


class NotConnected(Exception):
    """The server did not take the connection; the text is its reason."""


class MqttSession:
    """One connection, as MQTT 5 (which tells refusals) or, where the server cannot, 3.1.1."""

    def __init__(self, place: MqttPlace) -> None:
        self._place = place
        self.tells_refusals = True
        self._heard: Queue[tuple[str, bytes]] = Queue()

    def __enter__(self) -> "MqttSession":
        """Connects.

        Raises: NotConnected with the server's reason; OSError for network, TLS and files.
        """
        try:
            self._connect(MQTTProtocolVersion.MQTTv5)
        except NotConnected as error:
            if "version" not in str(error).lower() and "closed" not in str(error):
                raise
            self.tells_refusals = False
            self._connect(MQTTProtocolVersion.MQTTv311)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self, protocol: MQTTProtocolVersion) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        self._answers: dict[int, ReasonCode] = {}
        self._answered = threading.Condition()
        if self._place.username is not None:
            client.username_pw_set(self._place.username, self._place.password())
        context = self._place.tls()
        if context is not None:
            client.tls_set_context(context)
        taken: Queue[str] = Queue()

        def connected(_c: paho.Client, _u: Any, _f: Any, code: ReasonCode, _p: Properties | None) -> None:
            taken.put("" if not code.is_failure else str(code))

        def ended(_c: paho.Client, _u: Any, _f: Any, _code: ReasonCode, _p: Properties | None) -> None:
            taken.put("closed by the server")

        client.on_connect, client.on_disconnect = connected, ended
        client.on_message = lambda _c, _u, m: self._heard.put((m.topic, bytes(m.payload)))
        client.on_publish = lambda _c, _u, mid, code, _p: self._answer(mid, code)
        client.on_subscribe = lambda _c, _u, mid, codes, _p: self._answer(mid, codes[0])
        client.connect_timeout = WAIT_S
        client.connect(self._place.host, self._place.port, keepalive=20)
        client.loop_start()
        self._client = client
        try:
            problem = taken.get(timeout=WAIT_S)
        except Empty:
            problem = "no answer to CONNECT"
        if problem:
            client.disconnect()
            client.loop_stop()
            raise NotConnected(problem)

    def _answer(self, mid: int, code: ReasonCode) -> None:
        with self._answered:
            self._answers[mid] = code
            self._answered.notify_all()

    def publish(self, topic: str, data: bytes) -> ReasonCode | None:
        """The server's word on a message (QoS 1, not retained); None when it said nothing in time."""
        return self._outcome(self._client.publish(topic, data, qos=1).mid)

    def subscribe(self, topic: str) -> ReasonCode | None:
        """The server's word on a subscription; None when it said nothing in time."""
        code, mid = self._client.subscribe(topic, qos=1)
        return self._outcome(mid) if code == MQTTErrorCode.MQTT_ERR_SUCCESS and mid is not None else None

    def _outcome(self, mid: int) -> ReasonCode | None:
        with self._answered:
            self._answered.wait_for(lambda: mid in self._answers, WAIT_S)
            return self._answers.get(mid)

    def hear(self, wanted: Callable[[str, bytes], bool], within_s: float = WAIT_S) -> tuple[str, bytes] | None:
        """The next message that is wanted; None when none came in time."""
        end_s = time.monotonic() + within_s
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                topic, payload = self._heard.get(timeout=left_s)
            except Empty:
                return None
            if wanted(topic, payload):
                return topic, payload
        return None
