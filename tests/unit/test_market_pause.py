"""The operator pauses trading and revokes members: what counts, what members see, and what a replay gives."""

import random
from dataclasses import replace

from market_rig import (
    SECRET,
    START_S,
    TERMS,
    FakeJournal,
    enrolled,
    inbound,
    opened,
    order,
    report,
    service,
    slot,
)

from broker.control.operator_acts import act_problem
from broker.market.events import (
    Enrolled,
    MarketPaused,
    MarketResumed,
    MemberForgotten,
    MemberReadmitted,
    MemberRevoked,
    decode_event,
)
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from proofs.watched_community import COMMUNITY as WATCHED
from proofs.watched_community import WatchedCommunity
from proofs.watched_community import slot as watched_slot
from wire.audit import Check
from wire.messages import Award, Clearing, Receipt, Rejection, Settlement, Side, SlotState, Trading
from wire.reasons import Reason

BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)
AT = slot(2)
GATE_S = AT.start_s - TERMS.gate_lead_s


def paused(at_s: int) -> MarketPaused:
    return MarketPaused(at_s=at_s, reason="cellar flooded", by="anna")


def of(kind: type, sent: list[Outgoing]) -> list:
    return [out.message for out in sent if isinstance(out.message, kind)]


def test_a_gate_on_a_paused_market_gives_no_market_and_the_slot_is_settled_at_outside_prices() -> None:
    market = opened()
    market.handle([inbound(1, order(1, AT, BUY)), inbound(2, order(2, AT, SELL))], START_S)
    told = market.enact([paused(START_S + 1)])
    assert [m.state for m in of(Trading, told)] == ["paused"]
    sent = market.step(GATE_S)
    (clearing,) = [c for c in of(Clearing, sent) if c.slot == AT.label]
    assert clearing.outcome == "no_market"
    assert {award.reason for award in of(Award, sent)} == {"no_market"}
    market.step(AT.end_s)
    reports = [inbound(n, report(n, AT, (0, 100), (0, 0))) for n in (1, 2)]
    bills = of(Settlement, market.handle(reports, AT.end_s) + market.step(AT.end_s))
    assert [bill.metered_wh for bill in bills] == [100, 100]
    assert market.market.accounts.sum_nano() == 0
    assert market.market.books[AT.start_s].state is SlotState.SETTLED


def test_new_orders_are_refused_while_paused_but_taken_ones_are_receipted_and_may_be_withdrawn() -> None:
    market = opened()
    first = inbound(1, order(1, AT, BUY))
    market.handle([first], START_S)
    market.enact([paused(START_S + 1)])
    again, fresh = market.handle([first, inbound(2, order(2, AT, SELL))], START_S + 2)
    assert isinstance(again.message, Receipt)
    assert isinstance(fresh.message, Rejection)
    assert fresh.message.code == Reason.NO_MARKET
    assert "cellar flooded" in fresh.message.detail
    assert set(market.market.books[AT.start_s].orders) == {"home-1"}
    (withdrawn,) = market.handle([inbound(1, order(1, AT, sequence=2))], START_S + 3)
    assert isinstance(withdrawn.message, Receipt)


def test_after_resuming_trading_goes_on_with_what_stands() -> None:
    market = opened()
    market.handle([inbound(1, order(1, AT, BUY)), inbound(2, order(2, AT, SELL))], START_S)
    market.enact([paused(START_S + 1), MarketResumed(at_s=START_S + 5, reason="dry again")])
    (clearing,) = [c for c in of(Clearing, market.step(GATE_S)) if c.slot == AT.label]
    assert clearing.outcome == "cleared"
    assert clearing.volume_wh == 500


def test_a_pause_survives_a_restart_and_is_told_to_who_comes_later() -> None:
    journal = FakeJournal()
    market = opened(journal)
    market.enact([paused(START_S + 1)])
    again = service(journal)
    assert again.market.switch.is_paused
    assert [m.reason for m in of(Trading, again.standing(START_S + 9, "0" * 64))] == ["cellar flooded"]
    assert again.market.log.head() == market.market.log.head()


def test_a_revoked_member_stays_out_whatever_is_configured_until_it_is_readmitted() -> None:
    journal = FakeJournal()
    market = opened(journal)
    market.enact([MemberRevoked(at_s=START_S + 1, meter="home-1", reason="moved away", by="anna")])
    records = len(journal.kept)
    market = service(journal)
    market.agree([enrolled(1), enrolled(2)], START_S + 2)
    assert len(journal.kept) == records, "a restart with the same configuration changes nothing"
    (answer,) = market.handle([inbound(1, order(1, AT, BUY))], START_S + 3)
    assert isinstance(answer.message, Rejection)
    assert answer.message.code == Reason.SUSPENDED
    market.agree([enrolled(1, nameplate_w=9_000), enrolled(2)], START_S + 4)
    assert market.market.members["home-1"].suspended
    market.enact([MemberReadmitted(at_s=START_S + 5, meter="home-1", reason="back")])
    (answer,) = market.handle([inbound(1, order(1, AT, BUY))], START_S + 6)
    assert isinstance(answer.message, Receipt)


def test_what_cannot_be_done_says_so_and_changes_nothing() -> None:
    market = opened()
    at_s = START_S + 1
    members = dict(market.market.members)
    twin = enrolled(1)
    for asked, word in (
        (MarketResumed(at_s=at_s, reason="-"), "not paused"),
        (MemberRevoked(at_s=at_s, meter="home-9", reason="-"), "no member"),
        (MemberReadmitted(at_s=at_s, meter="home-1", reason="-"), "not revoked"),
        (MemberForgotten(at_s=at_s, meter="home-1"), "revoke it first"),
        (Enrolled(**{**twin.model_dump(), "meter": "home-3"}), "has this key already"),
    ):
        assert word in str(act_problem(market.market, asked))
    assert market.market.members == members


def test_events_of_older_journals_have_no_author_and_still_fold() -> None:
    old = b'{"at_s":1800000000,"type":"enrolled","meter":"home-1","public_key":"%s",'
    old += b'"nameplate_import_w":1,"nameplate_export_w":1}'
    event = decode_event(old % (b"ab" * 32))
    market = Market(TERMS, SECRET)
    assert isinstance(event, Enrolled)
    assert event.by == ""
    assert market.apply(event) == []


WATCHED_TERMS = Terms(community=WATCHED, horizon_slots=4, group_min=2)


def _paused_round(terms: Terms, *, silently: bool) -> WatchedCommunity:
    community, at = WatchedCommunity(members=4, terms=terms), watched_slot(2)
    community.order(random.Random(3), at, at.start_s - 600)
    pause = paused(at.start_s - 300)
    if silently:
        community.tamper = lambda _, out: None if isinstance(out.message, Trading) else out
    community.ask(lambda operator: operator.enact([pause]), pause.at_s)
    community.step(at.start_s - terms.gate_lead_s)
    community.step(at.start_s - terms.gate_lead_s + terms.reveal_within_s)
    community.step(at.start_s)
    community.step(at.end_s)
    community.report(random.Random(4), at)
    return community


def test_members_and_verify_find_nothing_wrong_with_a_pause_that_was_told() -> None:
    for terms in (WATCHED_TERMS, replace(WATCHED_TERMS, sealed=True)):
        community = _paused_round(terms, silently=False)
        assert community.service.market.totals.traded_wh == 0
        assert not community.live_findings()
        assert not community.verified().violations


def test_a_market_that_is_stopped_without_a_word_is_found() -> None:
    community = _paused_round(WATCHED_TERMS, silently=True)
    assert Check.CLEARING in {violation.check for violation in community.live_findings()}
    assert Check.CLEARING in {violation.check for violation in community.verified().violations}


def test_a_home_sends_no_new_order_while_paused_and_withdraws_what_is_out() -> None:
    community, at = WatchedCommunity(members=2, terms=WATCHED_TERMS), watched_slot(2)
    community.order(random.Random(3), at, at.start_s - 600)
    sent = len([line for line in community.heard if "/order " in line])
    community.ask(lambda operator: operator.enact([paused(at.start_s - 300)]), at.start_s - 300)
    community.order(random.Random(5), watched_slot(3), at.start_s - 250)
    assert len([line for line in community.heard if "/order " in line]) == sent
    community.order(random.Random(5), at, at.start_s - 240)
    held = community.service.market.books[at.start_s].orders
    assert held
    assert all(not kept.order.steps for kept in held.values())
