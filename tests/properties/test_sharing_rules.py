"""Every sharing rule that a community can run: exact money and energy, promises kept, no trace of the order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sharing_slots import games, outside_nano, paid, slots

from broker.clearing.outcome import Rules
from broker.ledger.accounts import Accounts
from broker.ledger.transfer import COMMUNITY, MARKET, OUTSIDE, Transfer, account
from broker.mechanisms.catalogue import LIVE
from broker.mechanisms.sharing_rules import SHARING_RULES
from broker.settlement.slot import Position, settle
from broker.sharing.coalition import game_of_slot
from broker.sharing.shares import Need
from broker.sharing.slot_game import Division, SlotGame, matched, slot_game, whole_parts

RULES = Rules(seed=b"slot")
SHARES = {m.name: m.share for m in SHARING_RULES if m.share is not None}
RATIONAL = [m.name for m in SHARING_RULES if m.share is not None and m.individual_rationality.startswith("yes")]
NEW = [name for name in SHARES if name != "mid_market_rate"]
every_rule = pytest.mark.parametrize("name", SHARES)


@st.composite
def positions(draw: st.DrawFn) -> list[Position]:
    """Members with balanced awards at one price and any metered energy; tariffs of members may differ."""
    low, high = sorted((draw(st.integers(-(10**5), 10**6)), draw(st.integers(-(10**5), 10**6))))
    awards = draw(st.lists(st.integers(-3_000, 3_000), min_size=1, max_size=7))
    awards[-1] -= sum(awards)
    return [
        Position(
            meter=f"home-{i}",
            award_wh=award,
            award_nano=award * low,
            metered_wh=award + draw(st.integers(-3_000, 3_000)),
            retail_micro=high,
            feed_in_micro=low,
        )
        for i, award in enumerate(awards)
    ]


def energy_wh(transfers: tuple[Transfer, ...], name: str) -> int:
    return sum(t.energy_wh if t.payer == name else -t.energy_wh for t in transfers if name in (t.payer, t.payee))


def test_the_rules_can_all_run_live() -> None:
    assert set(SHARES) <= set(LIVE)
    assert set(SHARES) == {
        "mid_market_rate",
        "supply_demand_ratio",
        "bill_sharing",
        "shapley",
        "nucleolus",
        "nash_bargaining",
    }


@every_rule
@settings(max_examples=40)
@given(slot=positions())
def test_settlement_keeps_money_and_energy(name: str, slot: list[Position]) -> None:
    transfers = settle(slot, SHARES[name], RULES).transfers
    accounts = Accounts()
    accounts.post(transfers)
    assert accounts.sum_nano() == 0
    assert accounts.balance(MARKET) == 0
    assert accounts.balance(COMMUNITY) == 0
    assert energy_wh(transfers, MARKET) == 0
    assert -energy_wh(transfers, OUTSIDE) == sum(p.metered_wh for p in slot)
    for p in slot:
        assert energy_wh(transfers, account(p.meter)) == p.metered_wh


@every_rule
@settings(max_examples=60)
@given(needs=slots())
def test_members_pay_exactly_what_the_community_pays_outside(name: str, needs: list[Need]) -> None:
    shares = SHARES[name](needs, RULES)
    assert sum(line.amount_nano for line in shares.lines) == outside_nano(needs)
    for need in needs:
        assert sum(line.energy_wh for line in shares.lines if line.meter == need.meter) == need.energy_wh
    for line in shares.lines:
        assert line.price_micro is None or line.price_micro * line.energy_wh == line.amount_nano


@pytest.mark.parametrize("name", RATIONAL)
@settings(max_examples=60)
@given(needs=slots(low=-(10**6)))
def test_nobody_pays_more_than_alone(name: str, needs: list[Need]) -> None:
    shares = SHARES[name](needs, RULES)
    for need in needs:
        assert paid(shares, need.meter) <= need.alone_nano


@pytest.mark.parametrize("name", RATIONAL)
@settings(max_examples=40)
@given(needs=slots(), extra=st.lists(st.tuples(PRICE := st.integers(0, 10**5), PRICE), min_size=9, max_size=9))
def test_with_different_tariffs_nobody_loses_and_the_rest_is_never_negative(
    name: str, needs: list[Need], extra: list[tuple[int, int]]
) -> None:
    apart = [
        n._replace(retail_micro=n.retail_micro + up, feed_in_micro=n.feed_in_micro - min(down, n.feed_in_micro))
        for n, (up, down) in zip(needs, extra, strict=False)
    ]
    shares = SHARES[name](apart, RULES)
    for need in apart:
        assert paid(shares, need.meter) <= need.alone_nano
    inside = [line for line in shares.lines if not line.is_outside]
    assert sum(line.energy_wh for line in inside) == 0
    assert sum(line.amount_nano for line in inside) >= 0


@every_rule
@settings(max_examples=30)
@given(needs=slots(members_max=12), rng=st.randoms(use_true_random=False))
def test_the_order_of_the_members_leaves_no_trace(name: str, needs: list[Need], rng: object) -> None:
    shuffled = rng.sample(needs, len(needs))  # type: ignore[attr-defined]
    assert SHARES[name](shuffled, RULES) == SHARES[name](needs, RULES)


@every_rule
@settings(max_examples=40)
@given(needs=slots(members_max=12))
def test_members_with_equal_needs_differ_by_no_more_than_a_whole_unit(name: str, needs: list[Need]) -> None:
    """One nano, or one Wh that meets inside instead of outside at the mid-market rate."""
    shares = SHARES[name](needs, RULES)
    unit = max((n.retail_micro - n.feed_in_micro for n in needs), default=0) if name == "mid_market_rate" else 1
    bills: dict[int, list[int]] = {}
    for need in needs:
        bills.setdefault(need.energy_wh, []).append(paid(shares, need.meter))
    assert all(max(same) - min(same) <= unit for same in bills.values())


@every_rule
@settings(max_examples=30)
@given(needs=slots())
def test_a_member_without_energy_gets_no_line(name: str, needs: list[Need]) -> None:
    idle = [*needs, Need("idle", 0, *(needs[0][2:] if needs else (2, 1)))]
    assert SHARES[name](idle, RULES) == SHARES[name](needs, RULES)


@every_rule
def test_where_feed_in_is_above_retail_all_settle_outside(name: str) -> None:
    needs = [Need("a", 1_000, 100, 120), Need("b", -700, 100, 120)]
    shares = SHARES[name](needs, RULES)
    assert all(line.is_outside for line in shares.lines)
    assert (paid(shares, "a"), paid(shares, "b")) == (100_000, -84_000)
    assert "feed-in" in shares.note


@every_rule
@pytest.mark.parametrize("energies", [[], [0], [5], [-5], [5, 7], [-5, -7], [0, 0]])
def test_one_side_alone_settles_outside(name: str, energies: list[int]) -> None:
    needs = [Need(f"m{i}", energy, 300, 100) for i, energy in enumerate(energies)]
    shares = SHARES[name](needs, RULES)
    assert all(line.is_outside for line in shares.lines)
    assert sum(line.amount_nano for line in shares.lines) == sum(n.alone_nano for n in needs)


@pytest.mark.parametrize("name", NEW)
@settings(max_examples=20)
@given(needs=slots(members_max=6))
def test_equal_outside_prices_leave_nothing_to_divide(name: str, needs: list[Need]) -> None:
    flat = [n._replace(retail_micro=n.feed_in_micro) for n in needs]
    shares = SHARES[name](flat, RULES)
    if name != "bill_sharing":
        assert all(paid(shares, n.meter) == n.alone_nano for n in flat)
    assert sum(line.amount_nano for line in shares.lines) == outside_nano(flat)


def test_a_negative_feed_in_price_is_shared_at_the_mid_market_rate_with_the_reason() -> None:
    needs = [Need("a", 1_000, 300, -50), Need("b", -700, 300, -50)]
    shares = SHARES["supply_demand_ratio"](needs, RULES)
    assert "mid-market" in shares.note
    assert shares.lines == SHARES["mid_market_rate"](needs, RULES).lines


@given(games(members_max=8))
def test_the_matched_energy_balances_and_never_exceeds_a_need(slot: SlotGame) -> None:
    inside = matched(slot.energy_wh)
    assert sum(inside.values()) == 0
    assert sum(e for e in inside.values() if e > 0) == slot.matched_wh
    assert all(0 <= inside[m] * (1 if e > 0 else -1) <= abs(e) for m, e in slot.energy_wh.items())


@given(st.dictionaries(st.text("abc", min_size=1), st.fractions(-50, 50, max_denominator=12), min_size=1))
def test_whole_parts_stay_next_to_the_exact_ones(parts: dict[str, object]) -> None:
    total = sum(parts.values())  # type: ignore[arg-type]
    exact = parts | {"rest": -total}  # type: ignore[operator]
    whole = whole_parts(exact)  # type: ignore[arg-type]
    assert sum(whole.values()) == 0
    assert all(abs(whole[key] - exact[key]) < 1 for key in exact)  # type: ignore[operator]


def test_a_bill_of_each_rule_by_hand() -> None:
    """Retail 30, feed-in 10, one member draws 10 and 6, one delivers 4 (kWh, ct): 80 ct are saved.

    Supply-demand ratio 1/4: p_sell = 10 30 / (20 / 4 + 10) = 20, p_buy = 20 / 4 + 30 3 / 4 = 27.5.
    Bill sharing: 12 kWh at 30 shared by 16. Nucleolus: the short side gets all.
    Shapley: A or B alone take all 4, so S brings 80 unless it is first (2/3), A and B only right after S (1/6 each).
    Nash: a third each.
    """
    needs = [Need("A", 10, 30, 10), Need("B", 6, 30, 10), Need("S", -4, 30, 10)]
    bills = {
        name: [paid(share(needs, RULES), meter) for meter in "ABS"] for name, share in SHARES.items() if name in NEW
    }
    assert bills["supply_demand_ratio"] == [275, 165, -80]
    assert bills["bill_sharing"] == [225, 135, 0]
    assert bills["nash_bargaining"] == [300 - 27, 180 - 27, -40 - 26]
    assert bills["nucleolus"] == [300, 180, -120]
    assert bills["shapley"] == [300 - 14, 180 - 13, -40 - 53]


@given(games(members_max=6))
def test_the_game_of_a_slot_is_superadditive_and_monotone(slot: SlotGame) -> None:
    game = game_of_slot(slot)
    for a in range(len(game.worth)):
        for b in range(len(game.worth)):
            if not a & b:
                assert game.worth[a | b] >= game.worth[a] + game.worth[b]


def test_a_slot_game_leaves_members_without_energy_out() -> None:
    game = slot_game([Need("b", 0, 3, 1), Need("a", 5, 3, 1), Need("c", -2, 4, 0)])
    assert dict(game.energy_wh) == {"a": 5, "c": -2}
    assert (game.retail_micro, game.feed_in_micro, game.spread_micro, game.matched_wh) == (3, 1, 2, 2)
    assert replace(game, retail_micro=7).spread_micro == 6
    assert Division({}).note == ""
