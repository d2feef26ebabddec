"""Forward contracts: proposed by one, accepted by the other, part of both positions, settled at their price."""

from typing import Any

import pytest
from market_rig import COMMUNITY, FakeJournal, report
from test_calendar import at, stage
from test_market_stages import HOURLY, LIMIT_WH, MORNING, NOON, STAGES, TRADED, answers, market, order

from broker.control.service import MarketService
from broker.market.terms import Terms
from wire.codec import digest, encode
from wire.messages import (
    Acceptance,
    Contract,
    Message,
    Proposal,
    Receipt,
    Rejection,
    Settlement,
    Side,
    StageKind,
)
from wire.slots import format_utc

BILATERAL = stage(
    StageKind.BILATERAL, takes_orders=False, mechanism="forward_contract", gate_lead_s=900, horizon_slots=72
)
TERMS = Terms(**HOURLY, stages=(*STAGES, BILATERAL))  # type: ignore[arg-type]
FAR = at("2027-01-17T06:00:00+01:00")  # not open for auctions yet


def proposal(**keys: Any) -> Proposal:
    given: dict[str, Any] = {
        "meter": "home-1",
        "contract": "spring",
        "counterparty": "home-2",
        "side": Side.BUY,
        "price_micro_per_kwh": 170_000,
        "first_slot": TRADED.label,
        "energy_wh": (400, 0, 300),
        "expires_at": format_utc(NOON),
        "sent_at": format_utc(MORNING),
    }
    return Proposal(community=COMMUNITY, **{**given, **keys})


def answer(about: Proposal, *, accepts: bool = True, **keys: Any) -> Acceptance:
    given: dict[str, Any] = {
        "meter": about.counterparty,
        "proposer": about.meter,
        "contract": about.contract,
        "proposal_digest": digest(encode(about)),
        "accepts": accepts,
        "sent_at": format_utc(MORNING),
    }
    return Acceptance(community=COMMUNITY, **{**given, **keys})


def agreed(opened: MarketService, about: Proposal, now_s: int = MORNING) -> list[Message]:
    return [*answers(opened, now_s, about), *answers(opened, now_s, answer(about))]


def test_a_contract_is_told_to_both_and_becomes_a_part_of_both_positions() -> None:
    opened = market(TERMS)
    sent = agreed(opened, proposal())
    assert [type(m) for m in sent] == [Receipt, Contract, Contract] * 2
    assert [(m.meter, m.state, m.position_wh) for m in sent if isinstance(m, Contract)] == [
        ("home-1", "proposed", (0, 0, 0)),
        ("home-2", "proposed", (0, 0, 0)),
        ("home-1", "agreed", (400, 0, 300)),
        ("home-2", "agreed", (-400, 0, -300)),
    ]
    assert opened.market.books[TRADED.start_s].position_wh("home-2") == -400


def test_a_contract_is_settled_between_the_two_and_deviations_like_any_other() -> None:
    opened = market(TERMS)
    agreed(opened, proposal())
    opened.step(TRADED.end_s)
    answers(opened, TRADED.end_s, report(1, TRADED, (0, 500), (0, 0)), report(2, TRADED, (0, 0), (0, 400)))
    settled = {o.message.meter: o.message for o in opened.step(TRADED.end_s) if isinstance(o.message, Settlement)}
    lines = {meter: [(x.item.value, x.energy_wh, x.amount_nano) for x in m.lines] for meter, m in settled.items()}
    assert lines["home-2"] == [("contract", -400, -400 * 170_000)]
    assert lines["home-1"] == [("contract", 400, 400 * 170_000), ("outside", 100, 100 * 300_000)]
    assert opened.market.accounts.sum_nano() == 0


def test_a_contract_for_a_slot_that_is_not_open_yet_is_there_when_it_opens() -> None:
    opened = market(TERMS)
    agreed(opened, proposal(first_slot=format_utc(FAR), energy_wh=(250,)))
    assert FAR not in opened.market.books
    opened.step(FAR - 86_400)
    assert opened.market.books[FAR].position_wh("home-1") == 250


def test_repeated_messages_change_nothing_and_are_receipted_again() -> None:
    opened, about = market(TERMS), proposal()
    agreed(opened, about)
    again = answers(opened, MORNING, about, answer(about), answer(about))
    assert [type(m) for m in again] == [Receipt] * 3
    assert opened.market.books[TRADED.start_s].position_wh("home-1") == 400


def test_a_refused_contract_gives_no_position() -> None:
    opened, about = market(TERMS), proposal()
    sent = [*answers(opened, MORNING, about), *answers(opened, MORNING, answer(about, accepts=False))]
    assert [m.state for m in sent if isinstance(m, Contract)] == ["proposed", "proposed", "refused", "refused"]
    (late,) = answers(opened, MORNING, answer(about))
    assert isinstance(late, Rejection) and late.code == "conflicting_sequence"
    assert not opened.market.books[TRADED.start_s].holdings


def test_positions_from_contracts_count_in_auctions() -> None:
    opened = market(TERMS)
    agreed(opened, proposal(energy_wh=(6_000,)))
    (over,) = answers(opened, MORNING, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 5_001))
    assert isinstance(over, Rejection) and over.code == "over_nameplate"
    (fits,) = answers(opened, MORNING, order(1, TRADED, "day_ahead", Side.BUY, 200_000, 5_000))
    assert isinstance(fits, Receipt)
    more = proposal(contract="more", energy_wh=(1,))
    (full,) = answers(opened, MORNING, more)
    assert isinstance(full, Rejection) and full.code == "over_nameplate" and full.field == "energy_wh.0"


@pytest.mark.parametrize(
    ("reason", "keys"),
    [
        ("unknown_meter", {"counterparty": "home-9"}),
        ("unknown_meter", {"counterparty": "home-1"}),
        ("out_of_range", {"energy_wh": (0, 0)}),
        ("foreign_slot", {"first_slot": "2027-01-15T10:07:00Z"}),
        ("gate_closed", {"first_slot": format_utc(MORNING)}),
        ("too_early", {"first_slot": "2027-02-15T10:00:00Z"}),
        ("over_nameplate", {"energy_wh": (LIMIT_WH + 1,)}),
        ("over_nameplate", {"energy_wh": (LIMIT_WH + 1,), "side": Side.SELL}),
    ],
)
def test_a_proposal_that_cannot_be_made_is_refused_with_the_reason(reason: str, keys: dict[str, Any]) -> None:
    opened = market(TERMS)
    (refused,) = answers(opened, MORNING, proposal(**keys))
    assert isinstance(refused, Rejection) and refused.code == reason, refused
    assert not opened.market.contracts.held


def test_an_answer_to_nothing_to_other_terms_or_too_late_is_refused() -> None:
    opened, about = market(TERMS), proposal()
    (none,) = answers(opened, MORNING, answer(about))
    assert isinstance(none, Rejection) and none.code == "unknown_contract"
    answers(opened, MORNING, about)
    (other,) = answers(opened, MORNING, answer(about, proposal_digest="0" * 64))
    (wrong,) = answers(opened, MORNING, answer(about, meter="home-1"))
    (changed,) = answers(opened, MORNING, proposal(price_micro_per_kwh=1))
    (late,) = answers(opened, NOON, answer(about))
    codes = [m.code.value for m in (other, wrong, changed, late) if isinstance(m, Rejection)]
    assert codes == ["unknown_contract", "unknown_contract", "conflicting_sequence", "gate_closed"]
    assert not opened.market.books[TRADED.start_s].holdings


def test_without_a_bilateral_stage_there_are_no_contracts_and_proposals_are_bounded() -> None:
    (refused,) = answers(market(), MORNING, proposal())
    assert isinstance(refused, Rejection) and refused.code == "wrong_stage"
    opened = market(TERMS)
    many = [proposal(contract=f"c{n}", energy_wh=(1,)) for n in range(51)]
    sent = answers(opened, MORNING, *many)
    assert [m.code.value for m in sent if isinstance(m, Rejection)] == ["quota_exceeded"]


def test_contracts_replay_from_the_journal() -> None:
    journal = FakeJournal()
    opened = market(TERMS, journal=journal)
    agreed(opened, proposal())
    agreed(opened, proposal(contract="far", first_slot=format_utc(FAR)))
    again = market(TERMS, journal=FakeJournal(journal.kept))
    assert again.market.contracts.held == opened.market.contracts.held
    assert again.market.contracts.forward == opened.market.contracts.forward
