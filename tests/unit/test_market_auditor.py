"""The meter's auditor: what it says of the operator's messages, by its own clock, and what it leaves alone."""

from pathlib import Path

import pytest

from broker.market.terms import Terms
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy
from hems.control.transactive_meter import TransactiveMeter
from hems.io.edge_store import EdgeStore
from proofs.watched_community import BROKER_KEY, COMMUNITY, WatchedCommunity, slot, watching_meter
from wire import messages as m
from wire.audit import Check
from wire.codec import decode, encode
from wire.reasons import Reason
from wire.signing import key_from_seed, open_frame, seal
from wire.slots import format_utc

KEY = key_from_seed(bytes([1]) * 32)
GATE_S = slot(1).start_s - 60
CALENDAR = Terms(community=COMMUNITY).calendar(BROKER_KEY.public_hex, "0" * 64)


def meter() -> TransactiveMeter:
    session = watching_meter("home-1", KEY)
    tell(session, CALENDAR)
    return session


def tell(session: TransactiveMeter, message: m.Message, now_s: int | None = None) -> m.Message | None:
    return session.receive(message.kind, seal(BROKER_KEY, message.kind, COMMUNITY, encode(message)), now_s)


def found(session: TransactiveMeter) -> list[Check]:
    assert session.auditor is not None
    return [violation.check for violation in session.auditor.violations]


def gate(closed_s: int = GATE_S, orders: int = 1, root: str = "0" * 64) -> m.Gate:
    return m.Gate(
        community=COMMUNITY,
        stage="intraday",
        slot=slot(1).label,
        round=0,
        closed_at=format_utc(closed_s),
        orders=orders,
        blocks=0,
        blocks_root=None,
        rules=0,
        root=root,
    )


@pytest.mark.parametrize(
    ("closed_s", "now_s", "orders", "expected"),
    [
        (GATE_S, GATE_S + 1, 1, []),
        (GATE_S, None, 1, []),
        (GATE_S + 5, GATE_S + 6, 1, []),
        (GATE_S + 6, GATE_S + 6, 1, [Check.GATE_TIME]),
        (GATE_S + 600, GATE_S + 600, 0, []),
        (GATE_S - 1, GATE_S, 1, [Check.GATE_TIME]),
        (GATE_S, GATE_S - 30, 1, [Check.GATE_TIME]),
    ],
)
def test_a_gate_has_to_close_in_time_by_its_own_word_and_by_the_own_clock(
    closed_s: int, now_s: int | None, orders: int, expected: list[Check]
) -> None:
    session = meter()
    tell(session, gate(closed_s, orders), now_s)
    assert found(session) == expected


def test_an_order_that_is_refused_as_late_before_the_gate_is_noticed() -> None:
    session = meter()
    frame = session.order(Strategy(slot=slot(1), steps=(Step("buy", 200_000, 500),), net_wh=(0,)), GATE_S - 100)
    assert frame is not None
    rejection = m.Rejection(
        community=COMMUNITY,
        meter="home-1",
        of="order",
        code=Reason.GATE_CLOSED,
        field=None,
        detail="",
        hint="",
        digest="0" * 64,
        slot=slot(1).label,
        sequence=1,
    )
    assert session.clock is not None
    session.clock.hear(gate(GATE_S - 900, 0), GATE_S - 900)  # the own clock agrees
    tell(session, rejection, GATE_S + 1)
    assert found(session) == []
    tell(session, rejection, GATE_S - 90)
    assert found(session) == [Check.GATE_TIME]


def test_a_second_different_gate_is_a_contradiction_and_the_same_one_again_is_none() -> None:
    session = meter()
    tell(session, gate())
    tell(session, gate())
    assert found(session) == []
    tell(session, gate(root="1" * 64))
    assert found(session) == [Check.CONTRADICTION]


def test_another_key_of_the_log_is_a_contradiction() -> None:
    session = meter()
    tell(session, CALENDAR.model_copy(update={"log_key": "1" * 64}))
    assert found(session) == [Check.CONTRADICTION]


def played() -> WatchedCommunity:
    """A community after one honest round of two members."""
    community = WatchedCommunity(members=2, terms=Terms(community=COMMUNITY, horizon_slots=2, group_min=1))
    for name, side in (("home-1", "buy"), ("home-2", "sell")):
        steps = (Step("buy", 240_000, 500),) if side == "buy" else (Step("sell", 160_000, 500),)
        frame = community.meters[name].order(Strategy(slot=slot(1), steps=steps, net_wh=(0,)), GATE_S - 100)
        assert frame is not None
        community.send([(name, frame)], GATE_S - 100)
    return community


def test_an_honest_round_is_checked_and_leaves_no_finding() -> None:
    community = played()
    community.step(GATE_S)
    auditor = community.meters["home-1"].auditor
    assert auditor is not None
    assert auditor.rounds_checked == 2  # the slot that was running at the start, and this one
    assert community.live_findings() == []
    assert community.meters["home-1"].view.awards[slot(1).label].bought_wh == 500


def test_a_bare_award_counts_only_under_the_root_of_the_signed_clearing() -> None:
    community = played()
    sent = community.service.step(GATE_S)
    session = community.meters["home-1"]
    award = next(o.message for o in sent if isinstance(o.message, m.Award) and o.meter == "home-1")
    clearing = next(o.message for o in sent if isinstance(o.message, m.Clearing) and o.message.slot == award.slot)
    richer = award.model_copy(update={"amount_nano": -1})
    assert session.receive("award", encode(award)) is None
    assert session.receive("award", encode(richer)) is None
    tell(session, clearing)
    assert award.slot not in session.view.awards
    assert session.receive("award", encode(richer)) is None
    assert session.receive("award", encode(award)) == award
    assert session.view.awards[award.slot] == award


def test_an_award_that_comes_before_its_clearing_waits_for_it() -> None:
    community = played()
    sent = community.service.step(GATE_S)
    session = community.meters["home-1"]
    award = next(o.message for o in sent if isinstance(o.message, m.Award) and o.meter == "home-1")
    clearing = next(o.message for o in sent if isinstance(o.message, m.Clearing) and o.message.slot == award.slot)
    session.receive("award", encode(award))
    tell(session, clearing)
    assert session.view.awards[award.slot] == award


def test_an_award_that_comes_after_a_restart_proves_itself_under_the_recorded_clearing(tmp_path: Path) -> None:
    community = played()
    sent = community.service.step(GATE_S)
    award = next(o.message for o in sent if isinstance(o.message, m.Award) and o.meter == "home-1")
    store = EdgeStore(tmp_path / "meter.db")
    clearings = [o.message for o in sent if isinstance(o.message, m.Clearing)]
    store.add("market", [(c.slot, c.kind, c.model_dump_json()) for c in clearings])
    again = watching_meter("home-1", KEY)
    for text in store.market_messages("clearing", 8):
        again.know(m.Clearing.model_validate_json(text))
    assert store.market_messages("clearing", 0) == store.market_messages("award", 8) == []
    store.close()
    assert again.receive("award", encode(award)) == award


def test_the_newest_checkpoint_is_republished_once_per_slot_signed_by_the_meter() -> None:
    community = played()
    session = community.meters["home-1"]
    checkpoints = [o for o in community.service.step(GATE_S) if isinstance(o.message, m.Checkpoint | m.Leaves)]
    frames = []
    for out in [*checkpoints, *checkpoints]:
        tell(session, out.message, GATE_S)
        frames += session.to_send()
    (frame,) = frames
    key = key_from_seed((1).to_bytes(32, "big"))
    witness = decode(m.Witness, open_frame(frame.data, key.public, "witness", COMMUNITY))
    assert isinstance(checkpoints[-1].message, m.Checkpoint)
    assert (witness.note, witness.key) == (checkpoints[-1].message.note, key.public_hex)


@pytest.mark.parametrize("data", [b"", b"v1.junk", b"{}", b"x" * 20_000])
def test_what_is_no_witness_is_ignored(data: bytes) -> None:
    session = meter()
    assert session.receive("witness", data) is None
    assert found(session) == []


def test_no_reveal_is_sent_before_the_root_of_all_sealed_orders_is_out() -> None:
    session = meter()
    stage = CALENDAR.stages[0].model_copy(update={"sealed": True})
    tell(session, CALENDAR.model_copy(update={"stages": (stage,)}))
    frame = session.order(Strategy(slot=slot(1), steps=(Step("buy", 200_000, 500),), net_wh=(0,)), GATE_S - 100)
    assert frame is not None
    assert frame.kind == "sealed"
    assert b"200000" not in frame.data
    assert [f.kind for f in session.unanswered()] == ["sealed"]
    tell(session, gate())
    assert [f.kind for f in session.to_send()] == ["reveal"]
    assert sorted(f.kind for f in session.unanswered()) == ["reveal", "sealed"]
