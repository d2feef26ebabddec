"""A housing estate behind a gateway: binary batches over a real MQTT server do what single messages do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Event

import numpy as np
import paho.mqtt.client as paho
from broker_rig import (
    COMMUNITY,
    START_S,
    WAIT_S,
    BrokerChild,
    Peer,
    command_json,
    meter_key,
    mosquitto,
    order,
    report,
    slot,
    write_config,
)

from broker.io.state_dir import StateDir
from wire.batch import HOUSEHOLD, Batch, encode_batch
from wire.bundle import decode_bundle
from wire.household import signed
from wire.messages import BY_KIND, Award, Message, Receipt, Rejection, Settlement, Side
from wire.reasons import Reason
from wire.signing import open_frame
from wire.slots import Slot
from wire.topics import BY_KIND as RULES
from wire.topics import batch_topic, bundle_topic

HOMES = 200
GATEWAY = "block-7"
TRADED, LATER = slot(1), slot(3)
BY_METER = "nameplate_export_w = 11000\n"


class Gateway:
    """The concentrator: sends the records of its meters, opens every frame that comes back as its meter would."""

    def __init__(self, port: int, broker_key: bytes) -> None:
        self._key = broker_key
        self._letters: Queue[Message] = Queue()
        subscribed = Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=GATEWAY)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(bundle_topic(COMMUNITY, GATEWAY), 1)
        assert subscribed.wait(WAIT_S)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        for kind, meter, frame in decode_bundle(message.payload):
            payload = open_frame(frame, self._key, kind, COMMUNITY) if RULES[kind].signed else frame
            read = BY_KIND[kind].model_validate_json(payload)
            assert getattr(read, "meter", meter) == meter
            self._letters.put(read)

    def send(self, batch: bytes, gateway: str = GATEWAY) -> None:
        self._client.publish(batch_topic(COMMUNITY, gateway), batch, qos=1)

    def next(self, model: type[Message], count: int, of: str | None = None) -> list[Message]:
        """The next letters of a type (receipts and rejections `of` a kind); others are left out."""
        found: list[Message] = []
        while len(found) < count:
            letter = self._letters.get(timeout=WAIT_S)
            if isinstance(letter, model) and of in (None, getattr(letter, "of", None)):
                found.append(letter)
        return found

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def buys(number: int) -> tuple[Side, int, int]:
    """What a home wants: half of them buy, half sell, with ties at the margin."""
    side = Side.BUY if number % 2 else Side.SELL
    return side, 150_000 + 1_000 * (number * 7 % 40), 100 + number


def metered(number: int) -> tuple[int, int]:
    """(import, export) [Wh] of the traded slot."""
    return 150 + number * 13 % 400, number * 5 % 90


def batch(numbers: range, at: Slot, *, reported: Slot | None = None) -> bytes:
    """A record of each home: its order for a slot, and with it the report of another."""
    records = np.zeros(len(numbers), dtype=HOUSEHOLD)
    for record, number in zip(records, numbers, strict=True):
        record["meter"] = f"home-{number}".encode()
        side, price, energy = buys(number)
        half = record["order"]
        half["sequence"], half["steps"], half["side"][0] = 1, 1, side is Side.SELL
        half["price"][0], half["energy"][0] = price, energy
        if reported is not None:
            imported, exported = metered(number)
            record["report"] = (reported.start_s, 1, 0, imported, 0, exported, 0)
    made = Batch(kind="household", stage="intraday", slot_s=at.start_s, records=records)
    return encode_batch(signed(made, COMMUNITY, [meter_key(number) for number in numbers]))


@contextmanager
def community(directory: Path, *, gateway: bool, like: Path | None = None) -> Iterator[tuple[Peer, BrokerChild, int]]:
    """A broker with all homes; `like` is the state directory whose secret and key it has."""
    directory.mkdir()
    with mosquitto(directory) as port:
        config = write_config(directory, port, HOMES)
        if gateway:
            config.write_text(config.read_text().replace(BY_METER, f'{BY_METER}gateway = "{GATEWAY}"\n'))
        if like is not None:
            (directory / "state").mkdir()
            for name in ("secret", "broker.key"):
                shutil.copy(like / name, directory / "state" / name)
        broker, peer = BrokerChild(config), Peer(port)
        broker.start()
        try:
            peer.ready()
            peer.advance_to(START_S)
            yield peer, broker, port
        finally:
            peer.close()
            broker.kill()
        assert "Traceback" not in broker.log()


def singly(directory: Path) -> tuple[dict[str, Award], dict[str, Settlement]]:
    """Awards and settlements when every home sends for itself."""
    homes = range(1, HOMES + 1)
    with community(directory, gateway=False) as (peer, _, _):
        for number in homes:
            peer.send(number, order(number, TRADED, *buys(number)))
        for number in homes:
            peer.expect(Receipt, f"home-{number}", of="order")
        peer.advance_until(TRADED.start_s)
        awards = {f"home-{n}": peer.expect(Award, f"home-{n}", slot=TRADED.label) for n in homes}
        peer.advance_until(TRADED.end_s)
        for number in homes:
            peer.send(number, report(number, TRADED, *metered(number)))
        settled = {f"home-{n}": peer.expect(Settlement, f"home-{n}", slot=TRADED.label) for n in homes}
    return awards, settled  # type: ignore[return-value]


def test_a_slot_in_batches_is_the_slot_of_single_messages(tmp_path: Path) -> None:
    """200 homes: first with single messages, then in batches through a gateway, with a crash after the receipts."""
    awards, settled = singly(tmp_path / "singly")
    first, second = range(1, HOMES // 2 + 1), range(HOMES // 2 + 1, HOMES + 1)
    with community(tmp_path / "batched", gateway=True, like=tmp_path / "singly" / "state") as (peer, broker, port):
        gateway = Gateway(port, StateDir(tmp_path / "batched" / "state").read_key().public)
        for homes in (first, second):
            gateway.send(batch(homes, TRADED))
        receipts = gateway.next(Receipt, HOMES)
        assert sorted(receipt.meter for receipt in receipts) == sorted(awards)  # type: ignore[attr-defined]
        broker.kill()
        broker.start()
        peer.await_answer(broker)
        peer.settle()
        gateway.send(batch(first, TRADED))
        again = gateway.next(Receipt, len(first))
        assert all(receipt in receipts for receipt in again)
        gateway.send(batch(first, TRADED), gateway="block-8")
        peer.advance_until(TRADED.start_s)
        got = gateway.next(Award, HOMES)
        assert {m.meter: m for m in got} == awards  # type: ignore[attr-defined]
        assert any(award.bought_wh for award in awards.values())
        peer.advance_until(TRADED.end_s)
        for homes in (first, second):
            gateway.send(batch(homes, LATER, reported=TRADED))
        got = gateway.next(Settlement, HOMES)
        assert {m.meter: m for m in got} == settled  # type: ignore[attr-defined]
        gateway.send(b"HGB1 and nothing else")
        (refused,) = gateway.next(Rejection, 1)
        assert isinstance(refused, Rejection)
        assert (refused.meter, refused.of, refused.code) == (GATEWAY, "batch", Reason.MALFORMED)
        gateway.close()
        assert broker.stop() == 0
    replayed = command_json("replay", str(tmp_path / "batched" / "state"), "--json")
    assert isinstance(replayed, dict)
    assert replayed["identical"]
