"""SIGKILL at many points: what a receipt promised is kept, nothing counts twice, the journal replays identically."""

import random
import sqlite3
import time
from pathlib import Path
from queue import Empty

from broker_rig import (
    COMMUNITY,
    START_S,
    WAIT_S,
    BrokerChild,
    Peer,
    command,
    command_json,
    mosquitto,
    order,
    slot,
    write_config,
)

from broker.io.journal_sqlite import SqliteJournal
from broker.market.events import Received, decode_event
from wire.codec import digest, encode
from wire.messages import Award, Clearing, Order, Receipt, Side, StatusAnswer, StatusQuery
from wire.signing import split

LIVES, ORDERS_PER_LIFE = 50, 8


def _drain(peer: Peer, receipts: dict[str, int], wait_s: float) -> None:
    """Moves what has come in to the receipts: payload digest -> sequence."""
    while True:
        try:
            message = peer.inbox.get(timeout=wait_s)[1]
        except Empty:
            return
        if isinstance(message, Receipt):
            receipts[message.digest] = message.sequence


def _receipt_came(peer: Peer, broker: BrokerChild, named: str, receipts: dict[str, int]) -> bool:
    """True once the receipt of a payload is here, False when the broker died before.

    With the receipt in hand before the next order, every commit stands alone between the kills.
    """
    deadline = time.monotonic() + WAIT_S
    while named not in receipts:
        assert time.monotonic() < deadline, f"alive, but no receipt: {broker.log()[-500:]}"
        is_alive = broker.poll() is None
        _drain(peer, receipts, 0.02)
        if named not in receipts and not is_alive:
            return False
    return True


def _orders(rng: random.Random, sequences: dict[tuple[int, int], int]) -> list[tuple[int, Order]]:
    orders = []
    for _ in range(ORDERS_PER_LIFE):
        number, place = rng.randint(1, 2), rng.randint(1, 3)
        sequences[number, place] = sequences.get((number, place), 0) + 1
        side = Side.BUY if number == 1 else Side.SELL
        energy_wh, sequence = rng.randint(1, 2_000), sequences[number, place]
        orders.append((number, order(number, slot(place), side, 200_000, energy_wh, sequence=sequence)))
    return orders


def test_fifty_kills_lose_nothing_with_a_receipt_and_count_nothing_twice(tmp_path: Path) -> None:
    rng = random.Random(20261120)
    sequences: dict[tuple[int, int], int] = {}
    sent: dict[tuple[int, int], list[Order]] = {}
    receipts: dict[str, int] = {}
    crashes = {"before": 0, "after": 0}
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(write_config(tmp_path, port, meters=2)), Peer(port)
        try:
            broker.start()
            peer.ready()
            peer.advance_to(START_S)
            broker.kill()
            for _ in range(LIVES):
                when = rng.choice(["before", "after"])
                broker.start(when, str(rng.randint(2, ORDERS_PER_LIFE)))
                peer.await_answer(broker)
                for number, message in _orders(rng, sequences):
                    sent.setdefault((number, int(message.slot[14:16])), []).append(message)
                    for _ in range(rng.choice([1, 1, 1, 2])):
                        peer.send(number, message)
                    if not _receipt_came(peer, broker, digest(encode(message)), receipts):
                        break
                crashes[when] += broker.poll() is not None
                broker.kill()
            broker.start()
            peer.await_answer(broker)
            peer.settle()
            _drain(peer, receipts, 0.3)
            _every_receipt_holds(tmp_path / "state", receipts)
            _the_newest_stored_order_counts(peer, tmp_path / "state")
            _last_orders_count_once(peer, sent)
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()
    same = command_json("replay", str(tmp_path / "state"), "--json")
    assert isinstance(same, dict)
    assert same["identical"], same
    assert "Traceback" not in broker.log()
    assert len(receipts) > 3 * LIVES
    assert min(crashes.values()) >= 10, f"too few lives ended at a commit: {crashes}"


def _journaled(state: Path) -> dict[str, Order]:
    """The orders in the journal by the digest of their payload, read without the broker's market."""
    orders: dict[str, Order] = {}
    journal = SqliteJournal(state / "journal.db", read_only=True)
    for record in journal.records():
        event = decode_event(record)
        if isinstance(event, Received) and event.kind == "order":
            payload = split(event.frame.encode("latin-1"))[1]
            orders[digest(payload)] = Order.model_validate_json(payload)
    journal.close()
    return orders


def _every_receipt_holds(state: Path, receipts: dict[str, int]) -> None:
    """Each single receipt: a later order of the same slot must not hide that an earlier one was lost."""
    stored = _journaled(state)
    lost = sorted(named for named in receipts if named not in stored)
    assert not lost, f"{len(lost)} of {len(receipts)} receipts were not kept"


def _the_newest_stored_order_counts(peer: Peer, state: Path) -> None:
    newest: dict[tuple[str, str], Order] = {}
    for message in _journaled(state).values():
        key = message.meter, message.slot
        if key not in newest or newest[key].sequence < message.sequence:
            newest[key] = message
    assert len(newest) == 6
    for (meter, label), message in newest.items():
        peer.send(int(meter.removeprefix("home-")), StatusQuery(community=COMMUNITY, meter=meter, slot=label))
        answer = peer.expect(StatusAnswer, meter, slot=label)
        assert isinstance(answer, StatusAnswer)
        assert (answer.order_sequence, answer.order_digest) == (message.sequence, digest(encode(message)))


def _last_orders_count_once(peer: Peer, sent: dict[tuple[int, int], list[Order]]) -> None:
    """Every meter resends its newest order, twice; the awards are those of these orders alone."""
    for (number, _), messages in sent.items():
        for _ in range(2):
            peer.send(number, messages[-1])
            peer.expect(Receipt, f"home-{number}", slot=messages[-1].slot, sequence=messages[-1].sequence)
    peer.advance_until(slot(4).start_s)
    for place in range(1, 4):
        label = slot(place).label
        last = [next(m[-1] for key, m in sent.items() if key[0] == n and m[-1].slot == label) for n in (1, 2)]
        volume_wh = min(message.steps[0].energy_wh for message in last)
        peer.expect(Clearing, slot=label, volume_wh=volume_wh)
        peer.expect(Award, "home-1", slot=label, bought_wh=volume_wh, sequence=last[0].sequence)
        peer.expect(Award, "home-2", slot=label, sold_wh=volume_wh, sequence=last[1].sequence)


def test_an_award_that_a_kill_kept_back_is_sent_after_the_restart(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(write_config(tmp_path, port, meters=2)), Peer(port)
        try:
            broker.start()
            peer.ready()
            peer.advance_to(START_S)
            peer.send(1, order(1, slot(1), Side.BUY, 200_000, 700))
            peer.send(2, order(2, slot(1), Side.SELL, 200_000, 500))
            peer.expect(Receipt, "home-1")
            peer.expect(Receipt, "home-2")
            assert broker.stop() == 0
            broker.start("after", "1")
            peer.await_answer(broker)
            peer.settle()
            peer.announce(slot(1).start_s - 60)
            broker.wait()
            broker.start()
            peer.expect(Award, "home-1", bought_wh=500)
            peer.expect(Award, "home-2", sold_wh=500)
        finally:
            peer.close()
            broker.kill()


def test_an_edited_journal_is_refused_with_the_record_that_was_edited(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        config = write_config(tmp_path, port, meters=2)
        broker, peer = BrokerChild(config), Peer(port)
        try:
            broker.start()
            peer.ready()
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()
    with sqlite3.connect(tmp_path / "state" / "journal.db") as journal:
        journal.execute("UPDATE record SET body = CAST(replace(body, '11000', '99000') AS BLOB) WHERE position = 2")
    for args in (["run", "--config", str(config)], ["replay", str(tmp_path / "state")]):
        status, _, err = command(*args)
        assert status in (1, 2)
        assert "record 2" in err
        assert "restore" in err
        assert "Traceback" not in err
