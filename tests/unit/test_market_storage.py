"""A shared storage live: by auction, reputation or as agreed, operated before trading, settled in the ledger."""

import pytest
from market_rig import SECRET, FakeJournal, service
from storage_rig import BEFORE_S, DAY_S, PERIOD_S, Community, bid, hour, kinds, lines, request, storage

from broker.ledger.transfer import account
from broker.market.events import MarketPaused, MemberRevoked, StorageAllocated, StorageOperated, decode_event
from broker.market.market import Market
from wire.messages import (
    Award,
    Message,
    Order,
    OrderStep,
    Receipt,
    Rejection,
    Settlement,
    Side,
    StorageFlow,
    StorageGrant,
    StorageRules,
    StorageShare,
)
from wire.slots import format_utc

GATE_S = PERIOD_S - 3_600
FIXED = storage(allocation="shares", shares={"home-1": 6_000, "home-2": 4_000})


def shares(messages: list[Message]) -> dict[str, tuple[int, int | None, int]]:
    found = [m for m in messages if isinstance(m, StorageShare)]
    return {m.meter: (m.share_wh, m.price_micro_per_kwh, m.amount_nano) for m in found}


def charged() -> Community:
    """Home 1 has 6 kWh, home 2 has 4; in the first hour 6 kWh are asked and 3 fit."""
    community = Community(FIXED)
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 2_000), request(2, hour(0), 4_000))
    return community


def test_the_rules_are_published_with_the_calendar() -> None:
    community = Community(storage(reserve_price_micro=200_000))
    (rules,) = [
        out.message
        for out in community.service.standing(BEFORE_S, "00" * 32)
        if isinstance(out.message, StorageRules)
    ]
    assert (rules.storage_meter, rules.capacity_wh, rules.charge_efficiency_ppm) == ("home-9", 10_000, 900_000)
    assert (rules.allocation, rules.reserve_price_micro_per_kwh) == ("auction", 200_000)


def test_an_auction_shares_the_capacity_at_one_price_which_the_owner_gets_with_the_first_slot() -> None:
    """By hand: 8 and 4 kWh are bid for, 10 are there: the last accepted and the best unfilled bid are 0.4."""
    community = Community(storage(reserve_price_micro=200_000))
    sent = community.say(BEFORE_S, bid(1, (500_000, 5_000), (450_000, 3_000)), bid(2, (400_000, 4_000)))
    assert kinds(sent) == ["receipt", "receipt"]
    assert [m.slot for m in sent if isinstance(m, Receipt)] == [format_utc(PERIOD_S)] * 2
    assert shares(community.step(GATE_S)) == {
        "home-1": (8_000, 400_000, 8_000 * 400_000),
        "home-2": (2_000, 400_000, 2_000 * 400_000),
    }
    community.step(PERIOD_S)
    settled = community.metered(hour(0), {1: 500})
    paid = ("storage", "share of the storage", 0, 8_000 * 400_000)
    assert lines(settled["home-1"]) == [("outside", None, 500, 500 * 300_000), paid]
    assert sum(line[3] for line in lines(settled["home-9"])) == -10_000 * 400_000
    later = community.metered(hour(1), {1: 500})
    assert [line[0] for line in lines(later["home-1"])] == ["outside"], "a share is paid once"
    assert community.service.market.accounts.balance(account("home-9")) == 10_000 * 400_000
    assert community.service.market.accounts.sum_nano() == 0


def test_a_storage_whose_meter_is_silent_is_told_what_it_was_paid() -> None:
    community = Community(storage())
    community.say(BEFORE_S, bid(1, (500_000, 5_000)), bid(2, (400_000, 8_000)))
    community.step(GATE_S)
    community.step(hour(0).end_s)
    sent = community.step(hour(0).end_s + community.terms.report_within_s)
    bills = {m.meter: m for m in sent if isinstance(m, Settlement) and m.slot == hour(0).label}
    assert sum(line[3] for line in lines(bills["home-9"])) == -10_000 * 400_000
    assert community.service.market.accounts.balance(account("home-9")) == -bills["home-9"].total_nano


def test_nobody_below_the_reserve_price_gets_a_share() -> None:
    community = Community(storage(reserve_price_micro=450_000))
    community.say(BEFORE_S, bid(1, (500_000, 5_000)), bid(2, (400_000, 4_000)))
    found = shares(community.step(GATE_S))
    assert found["home-2"] == (0, found["home-1"][1], 0) and found["home-1"][0] == 5_000
    assert 450_000 <= (found["home-1"][1] or 0) <= 500_000


def test_a_higher_sequence_replaces_a_bid_and_no_step_withdraws_it() -> None:
    community = Community(storage())
    community.say(BEFORE_S, bid(1, (500_000, 5_000)), bid(1, (300_000, 1_000), sequence=2), bid(2, (200_000, 500)))
    community.say(BEFORE_S, bid(2, sequence=2))
    found = shares(community.step(GATE_S))
    assert (found["home-1"][0], found["home-2"][0]) == (1_000, 0)


def test_the_hand_worked_slot_of_the_documentation() -> None:
    """6 kWh asked, 3 fit: 1 and 2, each loses a tenth; then 0.5 of home 1 goes to home 2 and 0.5 flows out."""
    community = charged()
    first = community.grants(hour(0))
    assert {m: (g.granted_wh, g.losses_wh, g.level_wh) for m, g in first.items()} == {
        "home-1": (1_000, 100, 900),
        "home-2": (2_000, 200, 1_800),
    }
    (flow,) = [m for m in community.sent if isinstance(m, StorageFlow)]
    assert (flow.meter, flow.flow_wh, flow.charge_wh) == ("home-9", 3_000, 2_700)
    community.say(hour(0).start_s, request(1, hour(1), -700), request(2, hour(1), 300))
    second = community.grants(hour(1))
    assert {m: (g.granted_wh, g.losses_wh, g.level_wh) for m, g in second.items()} == {
        "home-1": (-700, 100, 100),
        "home-2": (300, 0, 2_100),
    }
    newest = [m for m in community.sent if isinstance(m, StorageFlow)][-1]
    assert (newest.flow_wh, newest.charge_wh) == (-400, 2_200)


def test_what_is_charged_is_sold_to_the_storage_and_what_is_discharged_bought_from_it() -> None:
    """Home 2 feeds in 2.5 kWh and stores 2: 0.5 are left to sell. The storage draws what all charge."""
    community = charged()
    community.grants(hour(0))
    book = community.service.market.books[hour(0).start_s]
    assert {m: book.position_wh(m) for m in sorted(book.holdings)} == {
        "home-1": -1_000,
        "home-2": -2_000,
        "home-9": 3_000,
    }
    settled = community.metered(hour(0), {1: -1_000, 2: -2_500, 9: 3_000})
    assert lines(settled["home-1"]) == [("storage", None, -1_000, 0)]
    assert lines(settled["home-2"]) == [("storage", None, -2_000, 0), ("outside", None, -500, -500 * 100_000)]
    assert lines(settled["home-9"]) == [("storage", None, 3_000, 0)]
    assert community.service.market.accounts.sum_nano() == 0


def test_who_charges_without_a_surplus_buys_the_energy_like_any_other() -> None:
    """Home 1 uses nothing and charges 1 kWh: it is short of 1 kWh, which home 2 sells in the auction."""
    community = charged()
    community.grants(hour(0))

    def order(number: int, side: Side) -> Order:
        step = OrderStep(side=side, price_micro_per_kwh=200_000, energy_wh=1_000)
        return Order(
            community="elm",
            meter=f"home-{number}",
            stage="intraday",
            slot=hour(0).label,
            sequence=1,
            steps=(step,),
            sent_at=format_utc(GATE_S),
        )

    at_s = hour(0).start_s - 600
    assert kinds(community.say(at_s, order(1, Side.BUY), order(2, Side.SELL))) == ["receipt", "receipt"]
    sent = community.step(hour(0).start_s - 300)
    assert {m.meter: m.position_wh for m in sent if isinstance(m, Award)} == {"home-1": 0, "home-2": -3_000}
    settled = community.metered(hour(0), {2: -3_000, 9: 3_000})
    assert lines(settled["home-1"]) == [("storage", None, -1_000, 0), ("award", None, 1_000, 200_000_000)]
    assert settled["home-1"].total_nano == 200_000_000


def test_a_storage_that_does_not_do_what_it_was_told_pays_for_the_difference() -> None:
    community = charged()
    community.grants(hour(0))
    settled = community.metered(hour(0), {1: -1_000, 2: -2_000, 9: 2_000})
    assert lines(settled["home-9"])[-1] == ("outside", None, -1_000, -1_000 * 100_000)
    assert settled["home-1"].total_nano == 0


def test_reputation_is_what_members_fed_in_and_fades() -> None:
    """Home 1 delivers 4 kWh on the first day, home 2 one; by the second they share 10 kWh as 8 to 2."""
    community = Community(storage(allocation="reputation", decay_ppm=500_000))
    second_s = PERIOD_S + DAY_S
    assert shares(community.step(GATE_S)) == {}, "nobody has a score yet"
    community.metered(hour(0), {1: -4_000, 2: -1_000, 3: 2_000, 9: -7_000})
    asked = [bid(n, request_wh=10_000, period_s=second_s) for n in (1, 2, 3)]
    assert kinds(community.say(second_s - 7_200, *asked)) == ["receipt"] * 3
    sent = community.step(second_s - 3_600)
    assert shares(sent) == {"home-1": (8_000, None, 0), "home-2": (2_000, None, 0), "home-3": (0, None, 0)}
    assert {m.meter: m.score_wh for m in sent if isinstance(m, StorageShare)} == {
        "home-1": 4_000,
        "home-2": 1_000,
        "home-3": 0,
    }
    third = bid(1, request_wh=10_000, period_s=second_s + DAY_S)
    community.say(second_s, third)
    sent = community.step(second_s + DAY_S - 3_600)
    assert [(m.share_wh, m.score_wh) for m in sent if isinstance(m, StorageShare)] == [(10_000, 2_000)]


def test_energy_that_no_longer_fits_is_handed_over_at_the_agreed_price() -> None:
    """By hand: home 1 holds 2.7 kWh and has 1 kWh of the next period, 1.7 go to home 2 for 0.1 each."""
    community = Community(storage(handover_price_micro=100_000))
    community.say(BEFORE_S, bid(1, (500_000, 10_000)))
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 3_000))
    assert community.grants(hour(0))["home-1"].level_wh == 2_700
    second_s = PERIOD_S + DAY_S
    community.say(
        second_s - 7_200,
        bid(1, (500_000, 1_000), period_s=second_s),
        bid(2, (500_000, 9_000), period_s=second_s),
    )
    community.step(second_s - 3_600)
    granted = community.grants(hour(24))
    assert {m: (g.handed_wh, g.level_wh) for m, g in granted.items()} == {
        "home-1": (-1_700, 1_000),
        "home-2": (1_700, 1_700),
    }
    settled = community.metered(hour(24), {})
    handed = {m: [line for line in lines(s) if line[1] and line[1].startswith("energy")] for m, s in settled.items()}
    assert handed["home-1"][0][3] == -1_700 * 100_000 and handed["home-2"][0][3] == 1_700 * 100_000
    assert community.service.market.accounts.balance("market") == 0


def test_standing_losses_are_taken_although_nobody_asks() -> None:
    community = Community(storage(allocation="shares", shares={"home-1": 10_000}, standing_loss_per_day_ppm=240_000))
    community.step(GATE_S)
    community.say(GATE_S, request(1, hour(0), 3_000))
    assert community.grants(hour(0))["home-1"].level_wh == 2_700
    grant = community.grants(hour(1))["home-1"]
    assert (grant.sequence, grant.requested_wh, grant.losses_wh, grant.level_wh) == (None, 0, 27, 2_673)


@pytest.mark.parametrize(
    ("wish", "at_s", "code", "field"),
    [
        (bid(1, (1, 1), period_s=PERIOD_S + 60), BEFORE_S, "storage_rules", "period"),
        (bid(1, (1, 1)), GATE_S, "gate_closed", "period"),
        (bid(1, (1, 1), period_s=PERIOD_S + 2 * DAY_S), BEFORE_S, "too_early", "period"),
        (bid(1, request_wh=5), BEFORE_S, "storage_rules", "request_wh"),
        (bid(1, (1, 5), (2, 5)), BEFORE_S, "not_monotone", "steps"),
        (bid(1, (1, 10_001)), BEFORE_S, "out_of_range", "steps"),
        (bid(1, *[(1, 1)] * 61), BEFORE_S, "too_many_steps", "steps"),
        (bid(9, (1, 1)), BEFORE_S, "storage_rules", "meter"),
        (request(9, hour(0), 1), BEFORE_S, "storage_rules", "meter"),
        (request(1, hour(0), 1), PERIOD_S - 900, "gate_closed", "slot"),
        (request(1, hour(60), 1), BEFORE_S, "too_early", "slot"),
        (request(1, hour(0), 10_001), BEFORE_S, "out_of_range", "energy_wh"),
        (
            request(1, hour(0), 1).model_copy(update={"slot": "2027-01-16T00:20:00Z"}),
            BEFORE_S,
            "foreign_slot",
            "slot",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_and_leaves_nothing(wish: Message, at_s: int, code: str, field: str) -> None:
    community = Community(storage())
    (said,) = community.say(at_s, wish)
    assert isinstance(said, Rejection)
    assert (said.code.value, said.field) == (code, field)
    state = community.service.market.storage.state
    assert not state.bids and not state.requests


def test_bids_are_for_what_the_rules_share() -> None:
    reputation, fixed = Community(storage(allocation="reputation")), Community(FIXED)
    for community, wish in ((reputation, bid(1, (1, 1))), (reputation, bid(1)), (fixed, bid(1, (1, 1)))):
        (said,) = community.say(BEFORE_S, wish)
        assert isinstance(said, Rejection) and said.code == "storage_rules"


def test_a_community_without_a_storage_takes_no_wishes() -> None:
    community = charged()
    plain = service(FakeJournal(), terms=community.terms.__class__(community="elm"))
    assert plain.market.storage.rules() is None and plain.market.storage.schedule.next_s() is None
    assert plain.market.storage.schedule.due(BEFORE_S) == []


def test_messages_that_come_again_are_receipted_again_also_after_their_gate() -> None:
    community = charged()
    community.grants(hour(0))
    (again,) = community.say(hour(0).start_s, request(1, hour(0), 2_000))
    (other,) = community.say(hour(0).start_s, request(1, hour(0), 2_000, sequence=2))
    assert isinstance(again, Receipt) and isinstance(other, Rejection)
    stale = [
        m.code.value
        for m in community.say(GATE_S, request(2, hour(1), 5), request(2, hour(1), 6))
        if isinstance(m, Rejection)
    ]
    assert stale == ["conflicting_sequence"]


def test_more_messages_than_the_quota_are_refused() -> None:
    community = charged()
    sent = community.say(GATE_S, *(request(1, hour(1), n, sequence=n) for n in range(1, 22)))
    assert kinds(sent) == ["receipt"] * 20 + ["rejection"]


def test_nothing_is_granted_in_a_slot_without_prices() -> None:
    community = charged()
    community.service.market.books[hour(0).start_s].prices = None
    granted = community.grants(hour(0))
    assert [(g.granted_wh, g.level_wh) for g in granted.values()] == [(0, 0), (0, 0)]
    assert not [m for m in community.sent if isinstance(m, StorageFlow)]


def test_nothing_is_granted_while_trading_is_paused_and_new_wishes_are_refused() -> None:
    community = charged()
    community.service.enact([MarketPaused(at_s=GATE_S + 60, reason="drill")])
    (said,) = community.say(GATE_S + 61, request(3, hour(1), 5))
    assert isinstance(said, Rejection) and said.code == "no_market"
    assert {g.granted_wh for g in community.grants(hour(0)).values()} == {0}


def test_a_suspended_member_is_granted_nothing_and_keeps_its_account() -> None:
    community = charged()
    community.grants(hour(0))
    community.say(hour(0).start_s, request(1, hour(1), -500))
    community.service.enact([MemberRevoked(at_s=hour(0).start_s, meter="home-1", reason="moved")])
    grant = community.grants(hour(1))["home-1"]
    assert (grant.granted_wh, grant.level_wh) == (0, 900)


def test_a_broker_that_was_away_grants_nothing_in_slots_whose_trading_is_over() -> None:
    community = charged()
    sent = community.step(hour(3).start_s + 60)
    grants = [m for m in sent if isinstance(m, StorageGrant)]
    assert {m.granted_wh for m in grants} == {0}
    events = [decode_event(record) for record in community.journal.kept]
    operated = [e.slot_s for e in events if isinstance(e, StorageOperated)]
    assert operated == [hour(n).start_s for n in range(4)]
    assert [e.period_s for e in events if isinstance(e, StorageAllocated)] == [PERIOD_S]


def test_a_journal_with_a_storage_gives_the_same_state_again() -> None:
    community = charged()
    community.grants(hour(0))
    community.metered(hour(0), {1: -1_000, 2: -2_500, 9: 3_000})
    again = service(FakeJournal(community.journal.kept), terms=community.terms)
    assert again.market.storage.state == community.service.market.storage.state
    assert again.market.accounts.balances() == community.service.market.accounts.balances()
    assert Market(community.terms, SECRET).storage.state.levels == {}
