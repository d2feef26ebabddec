"""A market that asks, on a real MQTT server: members answer from their steps, one is silent, the broker is killed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker_rig import (
    COMMUNITY,
    START_S,
    BrokerChild,
    Peer,
    command,
    command_json,
    mosquitto,
    order,
    slot,
    write_config,
)
from test_broker_sealed import sealed

from hems.bidding.proposals import proposals
from hems.bidding.replies import replies
from wire.messages import (
    Award,
    Checkpoint,
    Clearing,
    Convergence,
    Gate,
    Order,
    PairQuestion,
    PairReply,
    Question,
    Receipt,
    Rejection,
    Reply,
    Side,
)

GATE_S = slot(1).start_s - 60
HIDDEN = {
    1: order(1, slot(1), Side.BUY, 240_000, 500),
    2: order(2, slot(1), Side.SELL, 160_000, 300),
    3: order(3, slot(1), Side.SELL, 150_000, 400),
}


@contextmanager
def asked(tmp_path: Path, mechanism: str) -> Iterator[tuple[BrokerChild, Peer]]:
    """A sealed market that asks, at its gate, with three sealed orders of four meters; stops well at the end."""
    with mosquitto(tmp_path) as port:
        config = write_config(tmp_path, port, meters=4)
        asking = f'[market]\nmechanism = "{mechanism}"\nsealed = true\nreveal_within_s = 40\n'
        config.write_text(config.read_text().replace("[market]\n", asking))
        broker, peer = BrokerChild(config), Peer(port)
        try:
            broker.start()
            peer.ready()
            peer.advance_to(START_S)
            for number, message in HIDDEN.items():
                peer.send(number, sealed(message))
                peer.expect(Receipt, f"home-{number}", of="sealed")
            peer.advance_to(GATE_S)
            yield broker, peer
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()


def assert_replays(tmp_path: Path) -> None:
    same = command_json("replay", str(tmp_path / "state"), "--json")
    assert isinstance(same, dict)
    assert same["identical"], same


def reply(hidden: Order, question: Question) -> Reply:
    return Reply(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        question=question.question,
        quantities=replies(hidden.steps, question.prices_micro_per_kwh),
    )


def next_question(peer: Peer, number: int) -> Question:
    question = peer.expect(Question, slot=slot(1).label, question=number)
    assert isinstance(question, Question)
    return question


def answer_all(peer: Peer, question: Question, *numbers: int) -> None:
    for number in numbers:
        peer.send(number, reply(HIDDEN[number], question))
        peer.expect(Receipt, f"home-{number}", of="reply", sequence=question.question)


def test_questions_and_replies_clear_a_slot_through_a_kill_and_a_silence(tmp_path: Path) -> None:
    with asked(tmp_path, "iterated_price") as (broker, peer):
        gate = peer.expect(Gate, slot=slot(1).label, orders=3)
        assert isinstance(gate, Gate)
        first = next_question(peer, 1)
        peer.send(4, reply(HIDDEN[1].model_copy(update={"meter": "home-4"}), first))
        peer.expect(Rejection, "home-4", code="wrong_reply")
        answer_all(peer, first, 1, 2)
        broker.kill()
        broker.start()
        peer.await_answer(broker)
        peer.settle()
        answer_all(peer, first, 3, 3)  # the second is a repetition
        answer_all(peer, next_question(peer, 2), 1, 2)
        peer.advance_to(GATE_S + 3)  # home-3 stays silent, its time for question 2 is over
        number = 3
        while (report := _ended(peer)) is None:
            answer_all(peer, next_question(peer, number), 1, 2, 3)
            number += 1
        assert (report.converged, report.asked, report.replied) == (True, 3, 3)
        assert (report.primal_wh, report.dual_micro_per_kwh, report.gap_nano) == (0, 0, 0)
        assert report.questions == number - 1 <= report.questions_max
        peer.expect(Clearing, slot=slot(1).label, volume_wh=500, price_micro_per_kwh=160_000, unrevealed=0, note=None)
        peer.expect(Award, "home-1", bought_wh=500, amount_nano=500 * 160_000)
        peer.expect(Award, "home-2", sold_wh=100)
        peer.expect(Award, "home-3", sold_wh=400)
        peer.expect(Checkpoint, slot=slot(1).label)
    assert_replays(tmp_path)
    _, archive, _ = command("export", str(tmp_path / "state"))
    (tmp_path / "published.txt").write_text(archive)
    status, said, _ = command("verify", str(tmp_path / "published.txt"), "--members", "4")
    assert status == 0, said
    assert "not replayed" not in said
    assert re.search(r"and [1-9]\d* replies", said)


def _ended(peer: Peer) -> Convergence | None:
    """The report once the questions are over; waits for it or for the next question."""
    while True:
        for to, message in peer.seen:
            if isinstance(message, Convergence) and message.slot == slot(1).label:
                peer.seen.remove((to, message))
                return message
            if isinstance(message, Question):
                return None
        peer.seen.append(peer.inbox.get(timeout=20))


def pair_reply(hidden: Order, question: PairQuestion) -> PairReply:
    return PairReply(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        question=question.question,
        sells_milli_wh=proposals(hidden.steps, Side.SELL, question.sells, question.rho),
        buys_milli_wh=proposals(hidden.steps, Side.BUY, question.buys, question.rho),
    )


def answer_pairs(peer: Peer, number: int, *numbers: int) -> None:
    for home in numbers:
        question = peer.expect(PairQuestion, f"home-{home}", slot=slot(1).label, question=number)
        assert isinstance(question, PairQuestion)
        peer.send(home, pair_reply(HIDDEN[home], question))
        peer.expect(Receipt, f"home-{home}", of="pair_reply", sequence=number)


def _asks_pairs(peer: Peer, number: int) -> bool:
    """Whether the next question is about pairs; waits for it."""
    while True:
        for _, message in peer.seen:
            if isinstance(message, Question | PairQuestion) and message.question == number:
                return isinstance(message, PairQuestion)
        peer.seen.append(peer.inbox.get(timeout=20))


def test_pairs_agree_in_private_questions_through_a_kill(tmp_path: Path) -> None:
    with asked(tmp_path, "admm_bilateral") as (broker, peer):
        answer_all(peer, next_question(peer, 1), 1, 2, 3)
        answer_pairs(peer, 2, 1)
        broker.kill()
        broker.start()
        peer.await_answer(broker)
        peer.settle()
        answer_pairs(peer, 2, 2, 3)
        number = 3
        while _asks_pairs(peer, number):
            answer_pairs(peer, number, 1, 2, 3)
            number += 1
        answer_all(peer, next_question(peer, number), 1, 2, 3)
        report = peer.expect(Convergence, slot=slot(1).label, questions=number, asked=3, replied=3)
        assert isinstance(report, Convergence)
        cleared = peer.expect(Clearing, slot=slot(1).label, volume_wh=500, unrevealed=0)
        assert isinstance(cleared, Clearing)
        assert report.converged == (cleared.note is None)
        assert report.primal_target_wh > 0
        assert report.dual_target_micro_per_kwh > 0
        peer.expect(Award, "home-1", bought_wh=500)
        peer.expect(Checkpoint, slot=slot(1).label)
    assert_replays(tmp_path)
