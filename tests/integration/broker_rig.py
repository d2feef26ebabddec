"""A community on a real MQTT server for tests: mosquitto and the broker as children, the test as every meter."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import paho.mqtt.client as paho
import pytest

from wire import clock
from wire.codec import encode
from wire.messages import BY_KIND, Message, MeterReport, Order, OrderStep, Side
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot
from wire.topics import BY_KIND as RULES
from wire.topics import parse_topic, topic

COMMUNITY = "elm"
START_S = 1_800_000_000
SLOT_S = 900
WAIT_S = 20
CRASHING = Path(__file__).with_name("broker_crashing.py")
CAPTURED: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60}


def meter_key(number: int) -> SigningKey:
    return key_from_seed(number.to_bytes(32, "big"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mosquitto(directory: Path, *, port: int | None = None) -> Iterator[int]:
    """The port of a running mosquitto on loopback, ended by its pid."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    port = free_port() if port is None else port
    config = directory / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0", "set_tcp_nodelay true"]
    lines += ["user root"] if os.geteuid() == 0 else []
    config.write_text("\n".join(lines) + "\n")
    log = directory / "mosquitto.log"
    with log.open("wb") as sink:
        child = subprocess.Popen([program, "-c", str(config)], stderr=sink, stdout=sink)
    try:
        until_open(port)
        yield port
    finally:
        ended = child.poll()
        child.terminate()
        child.wait(10)
        assert ended is None, f"mosquitto ended by itself with {ended}: {log.read_text()[-500:]}"


def until_open(port: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"nothing listens on {port}")


def write_config(directory: Path, port: int, meters: int, *, extra: str = "") -> Path:
    """A broker.toml with `meters` members home-1.. on a driven clock."""
    text = f"""community = "{COMMUNITY}"
{extra}
[market]
group_min = 2
horizon_slots = 4
messages_per_slot_max = 10000
[mqtt]
port = {port}
[clock]
mode = "driven"
[tariff]
kind = "constant"
import_price_per_kwh = 0.30
export_price_per_kwh = 0.10
"""
    for number in range(1, meters + 1):
        text += f"""[[members]]
meter = "home-{number}"
public_key = "{meter_key(number).public_hex}"
nameplate_import_w = 11000
nameplate_export_w = 11000
"""
    path = directory / "broker.toml"
    path.write_text(text)
    return path


class BrokerChild:
    """The broker as a child process."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._log = (config.parent / "broker.log").open("ab")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *crash: str) -> None:
        """Starts it; `crash` (before|after, n) makes it kill itself around its n-th journal append."""
        program = [str(CRASHING), *crash] if crash else ["-m", "broker.cli"]
        command = [sys.executable, *program, "run", "--config", str(self._config)]
        self._child = subprocess.Popen(command, stderr=self._log, stdout=self._log)

    def kill(self) -> None:
        """SIGKILL: no farewell, no flush."""
        assert self._child is not None
        self._child.kill()
        self._child.wait(10)

    def stop(self) -> int:
        assert self._child is not None
        self._child.terminate()
        return self._child.wait(15)

    def wait(self) -> None:
        """Waits for its end."""
        assert self._child is not None
        self._child.wait(WAIT_S)

    def poll(self) -> int | None:
        assert self._child is not None
        return self._child.poll()

    def log(self) -> str:
        return (self._config.parent / "broker.log").read_text()


class Peer:
    """All meters and the coordinator in one MQTT client; whatever the broker sends lands in queues."""

    def __init__(self, port: int, processes: tuple[str, ...] = ("broker",)) -> None:
        self.coordinator = clock.Coordinator(processes, START_S)
        self.inbox: Queue[tuple[str, Message]] = Queue()
        self.seen: list[tuple[str, Message]] = []
        self._done: Queue[tuple[str, clock.Done]] = Queue()
        self._subscribed = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="peer")
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        filters = [f"hearthgrid/v1/{COMMUNITY}/{part}" for part in ("public/+", "member/+/+", "clock/done/+")]
        self._client.subscribe([(name, 1) for name in filters])
        assert self._subscribed.wait(WAIT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        process = clock.process_of(message.topic, COMMUNITY)
        if process is not None:
            self._done.put((process, clock.decode_done(message.payload)))
            return
        address = parse_topic(message.topic, COMMUNITY)
        assert address is not None
        payload = message.payload
        if RULES[address.kind].signed:
            payload = payload.split(b".", 2)[2]
        self.inbox.put((address.meter, BY_KIND[address.kind].model_validate_json(payload)))

    def send(self, number: int, message: Message) -> None:
        kind = message.kind
        frame = seal(meter_key(number), kind, COMMUNITY, encode(message))
        self._client.publish(topic(kind, COMMUNITY, f"home-{number}"), frame, qos=1)

    def raw(self, where: str, payload: bytes) -> None:
        self._client.publish(where, payload, qos=1)

    def expect(self, model: type[Message], meter: str = "", wait_s: float = WAIT_S, **values: object) -> Message:
        """The next message of this type for this meter with these values; others are kept in `seen`."""
        for i, (to, message) in enumerate(self.seen):
            if _fits(to, message, model, meter, values):
                return self.seen.pop(i)[1]
        deadline = time.monotonic() + wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                to, message = self.inbox.get(timeout=left_s)
            except Empty:
                break
            if _fits(to, message, model, meter, values):
                return message
            self.seen.append((to, message))
        raise AssertionError(f"no {model.__name__} for {meter or 'all'} with {values}; seen {self.seen[-5:]}")

    def ready(self) -> None:
        """Waits for the answer to instant 0."""
        while not self.coordinator.all_done:
            process, done = self._done.get(timeout=WAIT_S)
            self.coordinator.on_done(process, done)

    def await_answer(self, broker: BrokerChild) -> None:
        """Waits until the broker has said that it is ready, or is gone."""
        while broker.poll() is None:
            try:
                self.coordinator.on_done(*self._done.get(timeout=0.05))
            except Empty:
                continue
            return

    def settle(self) -> None:
        """Waits for every answer to the current instant; a restarted broker is told the instant again."""
        if not self.coordinator.all_done:
            self.raw(clock.now_topic(COMMUNITY), clock.encode_now(self.coordinator.current))
        while not self.coordinator.all_done:
            self.coordinator.on_done(*self._done.get(timeout=WAIT_S))

    def announce(self, now_s: int) -> None:
        """Announces a virtual time and waits for nobody."""
        self.raw(clock.now_topic(COMMUNITY), clock.encode_now(self.coordinator.announce(now_s)))

    def advance_to(self, now_s: int) -> None:
        """Announces a virtual time and waits for the broker's answer."""
        self.announce(now_s)
        while not self.coordinator.all_done:
            self.coordinator.on_done(*self._done.get(timeout=WAIT_S))

    def advance_until(self, end_s: int) -> None:
        """Goes from wake to wake up to and including `end_s`."""
        while (wake := self.coordinator.next_instant()) is not None and wake < end_s:
            self.advance_to(wake)
        self.advance_to(end_s)


def _fits(to: str, message: Message, model: type[Message], meter: str, values: dict[str, object]) -> bool:
    return to == meter and isinstance(message, model) and all(getattr(message, k) == v for k, v in values.items())


def slot(number: int) -> Slot:
    return Slot(START_S + number * SLOT_S, 15)


def order(number: int, at: Slot, side: Side, price: int, energy_wh: int, *, sequence: int = 1) -> Order:
    return Order(
        community=COMMUNITY,
        meter=f"home-{number}",
        stage="intraday",
        slot=at.label,
        sequence=sequence,
        steps=(OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy_wh),),
        sent_at=at.label,
    )


def report(number: int, at: Slot, imported_wh: int, exported_wh: int, *, start: int = 0) -> MeterReport:
    return MeterReport(
        community=COMMUNITY,
        meter=f"home-{number}",
        slot=at.label,
        sequence=1,
        import_from_wh=start,
        import_to_wh=start + imported_wh,
        export_from_wh=start,
        export_to_wh=start + exported_wh,
        quality="measured",
        replaces=None,
    )


def command(*args: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a community-broker command."""
    run = subprocess.run([sys.executable, "-m", "broker.cli", *args], check=False, **CAPTURED)
    return run.returncode, run.stdout, run.stderr


def command_json(*args: str) -> object:
    status, out, err = command(*args)
    assert status == 0, err
    return json.loads(out)
