"""A home's MQTT server for tests, a client that speaks for its devices, and relays that keep time as real ones do."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

WAIT_S = 20.0


@contextmanager
def speaker(port: int, *, username: str | None = None, password: str | None = None) -> Iterator[paho.Client]:
    """A connected client in a thread of its own."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if username is not None:
        client.username_pw_set(username, password)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def say(client: paho.Client, topic: str, payload: object, *, retain: bool = False) -> None:
    """Publishes and waits until the server has it."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    client.publish(topic, text, 1, retain).wait_for_publish(WAIT_S)


@contextmanager
def repeated(act: Callable[[int], None], every_s: float = 0.2) -> Iterator[None]:
    """Does something again and again in the background, as a device does; the number counts from 0."""
    done = threading.Event()

    def loop() -> None:
        i = 0
        while not done.is_set():
            act(i)
            i += 1
            done.wait(every_s)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(WAIT_S)


@dataclass
class TasmotaRelay:
    """PulseTime and Power as Tasmota takes them in a Backlog; time is told, so that a minute costs nothing.

    Source: tasmota.github.io/docs/Commands (PulseTime: 1..111 tenths of a second, 112 and more seconds plus 100; the
    timer starts with every Power ON).
    """

    pulse_s: float = 0.0
    off_at_s: float | None = None
    heard: list[str] = field(default_factory=list)

    def command(self, topic: str, payload: str, now_s: float) -> None:
        """Takes a command of the topic cmnd/<device>/Backlog."""
        assert topic.endswith("/Backlog")
        self.heard.append(payload)
        for part in payload.split(";"):
            name, value = part.strip().split(" ")
            if name.startswith("PulseTime"):
                self.pulse_s = int(value) / 10.0 if int(value) < 112 else int(value) - 100.0
            elif re.fullmatch(r"Power\d?", name):
                self.off_at_s = (now_s + self.pulse_s if self.pulse_s else float("inf")) if value == "ON" else None

    def is_on(self, now_s: float) -> bool:
        """Whether the contact is closed."""
        return self.off_at_s is not None and now_s < self.off_at_s


@dataclass
class ShellyRelay:
    """Switch.Set as a Gen 2 device takes it: `toggle_after` flips the output back.

    Source: shelly-api-docs.shelly.cloud/gen2, Switch.Set.
    """

    off_at_s: float | None = None
    heard: list[str] = field(default_factory=list)

    def command(self, topic: str, payload: str, now_s: float) -> None:
        """Takes a request of the topic <device>/rpc."""
        assert topic.endswith("/rpc")
        self.heard.append(payload)
        request = json.loads(payload)
        assert (request["method"], request["params"]["id"], request["src"]) == ("Switch.Set", 0, "hearthgrid")
        if request["params"]["on"]:
            self.off_at_s = now_s + request["params"].get("toggle_after", float("inf"))
        else:
            self.off_at_s = None

    def is_on(self, now_s: float) -> bool:
        """Whether the contact is closed."""
        return self.off_at_s is not None and now_s < self.off_at_s


def until(holds: Callable[[], bool]) -> None:
    """Waits for a condition; fails after a while."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
