"""First in, first out over a whole slot: what was traded counts as far as both sides stood by it."""

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from market_rig import START_S, TERMS, enrolled, inbound, order, report, service, slot

from broker.ledger.accounts import Accounts
from broker.ledger.transfer import MARKET
from broker.settlement.as_delivered import CUT, as_delivered
from broker.settlement.slot import Position, Traded, settle
from wire.messages import Settlement, Side

ENERGY = st.integers(-900, 900)
RETAIL, FEED_IN = 300_000, 100_000


@st.composite
def slots(draw: st.DrawFn) -> list[Position]:
    """Up to five members that trade in up to four pools, each balanced and at one price or at amounts of its own."""
    n = draw(st.integers(2, 5))
    parts: list[list[Traded]] = [[] for _ in range(n)]
    for pool in range(draw(st.integers(1, 4))):
        energies = draw(st.lists(ENERGY, min_size=n - 1, max_size=n - 1))
        price, has_price = draw(st.integers(0, 400_000)), draw(st.booleans())
        for own, wh in zip(parts, [*energies, -sum(energies)], strict=True):
            extra = 0 if has_price else draw(st.integers(-9_999, 9_999))
            own.append(Traded(wh, wh * price + extra, price if has_price else None, pool=str(pool)))
    return [
        Position(
            meter=f"home-{i}",
            award_wh=sum(t.energy_wh for t in own),
            award_nano=sum(t.amount_nano for t in own),
            metered_wh=sum(t.energy_wh for t in own) + draw(ENERGY),
            retail_micro=RETAIL,
            feed_in_micro=FEED_IN,
            parts=tuple(own),
        )
        for i, own in enumerate(parts)
    ]


@st.composite
def lossy_slots(draw: st.DrawFn) -> tuple[list[Position], int, int]:
    """(members that bought less of one another than they sold, what was bought, what was sold) of one pool."""
    sold, shares = draw(st.lists(st.integers(1, 900), min_size=1, max_size=3)), draw(st.lists(ENERGY, max_size=3))
    bought_wh = draw(st.integers(1, sum(sold)))
    bought = [abs(wh) % bought_wh for wh in shares]
    while sum(bought) > bought_wh:
        bought.pop()
    energies = [*(-wh for wh in sold), *bought, bought_wh - sum(bought)]
    return (
        [
            Position(
                meter=f"home-{i}",
                award_wh=wh,
                award_nano=wh * 150_000,
                metered_wh=wh + draw(ENERGY),
                retail_micro=RETAIL,
                feed_in_micro=FEED_IN,
                parts=(Traded(wh, wh * 150_000, None, pool="auction/0"),),
            )
            for i, wh in enumerate(energies)
        ],
        bought_wh,
        sum(sold),
    )


def met(p: Position, sign: int) -> list[int]:
    """What a member's meter meets of its trades of one direction, by prefix sums: 0 for the other ones."""
    wanted = [max(sign * t.energy_wh, 0) for t in p.parts]
    actual = max(sign * p.metered_wh, 0) + sum(max(-sign * t.energy_wh, 0) for t in p.parts)
    before = [0, *accumulate(wanted)]
    return [min(max(actual - start, 0), wh) for start, wh in zip(before[:-1], wanted, strict=True)]


@given(slots())
def test_of_every_pool_counts_what_both_sides_met_in_the_order_of_their_trades(members: list[Position]) -> None:
    counted = as_delivered(members)
    for pool in range(len(members[0].parts)):
        parts = [p.parts[pool].energy_wh for p in counted]
        both = [sum(met(p, sign)[pool] for p in members) for sign in (1, -1)]
        assert sum(parts) == 0
        assert sum(max(wh, 0) for wh in parts) == min(both)
        for p, q in zip(members, counted, strict=True):
            final, sign = q.parts[pool].energy_wh, 1 if p.parts[pool].energy_wh > 0 else -1
            assert 0 <= sign * final <= met(p, sign)[pool]


@given(lossy_slots())
def test_of_a_pool_with_losses_the_lost_part_is_cut_in_the_same_proportion(
    drawn: tuple[list[Position], int, int],
) -> None:
    members, all_bought, all_sold = drawn
    counted = as_delivered(members)
    bought = sum(max(p.award_wh, 0) for p in counted)
    sold = sum(max(-p.award_wh, 0) for p in counted)
    met_bought, met_sold = (sum(met(p, sign)[0] for p in members) for sign in (1, -1))
    kept = min(Fraction(met_bought, all_bought), Fraction(met_sold, all_sold))
    assert (bought, sold) == (int(kept * all_bought), int(kept * all_sold))
    assert all(0 <= q.award_wh * (p.award_wh > 0 or -1) <= met(p, 1 if p.award_wh > 0 else -1)[0]
               for p, q in zip(members, counted, strict=True))  # fmt: skip
    accounts = Accounts()
    accounts.post(settle(counted, lost_wh=sold - bought).transfers)
    assert accounts.sum_nano() == 0 and accounts.balance(MARKET) == 0
    kept_all = [replace(p, metered_wh=p.award_wh) for p in members]
    assert as_delivered(kept_all) == kept_all


@given(slots())
def test_a_trade_costs_its_part_and_one_price_stays_exact(members: list[Position]) -> None:
    for p, q in zip(members, as_delivered(members), strict=True):
        assert q.award_wh == sum(t.energy_wh for t in q.parts)
        assert q.award_nano == sum(t.amount_nano for t in q.parts)
        for traded, counted in zip(p.parts, q.parts, strict=True):
            if traded.price_micro is not None:
                assert counted.amount_nano == counted.energy_wh * traded.price_micro
            elif traded.energy_wh:
                off = counted.amount_nano * traded.energy_wh - traded.amount_nano * counted.energy_wh
                assert 2 * abs(off) <= abs(traded.energy_wh), "rounded to the nearest nano"


@given(slots())
def test_who_keeps_its_position_loses_nothing_by_it(members: list[Position]) -> None:
    kept = [replace(p, metered_wh=p.award_wh) for p in members]
    assert as_delivered(kept) == kept


@given(slots(), st.randoms(use_true_random=False))
def test_money_is_conserved_and_the_order_of_the_members_leaves_no_trace(
    members: list[Position], rng: object
) -> None:
    counted = as_delivered(members)
    accounts = Accounts()
    accounts.post(settle(counted).transfers)
    assert accounts.sum_nano() == 0 and accounts.balance(MARKET) == 0
    shuffled = rng.sample(members, len(members))  # type: ignore[attr-defined]
    assert {p.meter: p for p in as_delivered(shuffled)} == {p.meter: p for p in counted}


def test_a_live_buyer_pays_only_for_what_its_seller_delivered_and_is_told() -> None:
    """home-1 sells 1,000 Wh to home-2 at 0.20 and feeds in 600: home-2 takes the other 400 Wh from outside."""
    market = service(terms=replace(TERMS, allocation="first_in_first_out", penalty_micro_per_kwh=10_000))
    market.agree([enrolled(1), enrolled(2)], START_S)
    market.step(START_S)
    orders = [order(1, slot(1), (Side.SELL, 200_000, 1_000)), order(2, slot(1), (Side.BUY, 200_000, 1_000))]
    market.handle([inbound(n, o) for n, o in enumerate(orders, 1)], START_S)
    market.step(slot(1).start_s - 60)
    market.step(slot(1).end_s)
    reports = [report(1, slot(1), (0, 0), (0, 600)), report(2, slot(1), (0, 1_000), (0, 0))]
    market.handle([inbound(n, r) for n, r in enumerate(reports, 1)], slot(1).end_s)
    settled = {s.message.meter: s.message for s in market.step(slot(1).end_s) if isinstance(s.message, Settlement)}
    calendar = market.market.terms.calendar("0" * 64, "0" * 64)
    assert (calendar.allocation, calendar.balancing) == ("first_in_first_out", "mid_market_rate")
    lines = {m: [(x.item.value, x.energy_wh, x.amount_nano) for x in s.lines] for m, s in settled.items()}
    assert lines["home-1"] == [("award", -600, -600 * 200_000), ("penalty", 400, 400 * 10_000)]
    assert lines["home-2"] == [("award", 600, 600 * 200_000), ("outside", 400, 400 * 300_000)]
    assert {(s.award_wh, s.note) for s in settled.values()} == {(-1_000, CUT), (1_000, CUT)}
    assert market.market.accounts.sum_nano() == 0
