"""Money and energy are conserved to the last unit, whatever was metered."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from broker.clearing.outcome import Rules
from broker.ledger.accounts import Accounts, NotConserved
from broker.ledger.transfer import COMMUNITY, DONATIONS, MARKET, OUTSIDE, Transfer, account
from broker.market.delivery.posting import line_of
from broker.settlement.differences import differences
from broker.settlement.imbalance import Penalty, imbalance_rule
from broker.settlement.slot import Position, settle
from broker.settlement.statement import statement
from broker.settlement.two_price import TwoPrice
from broker.sharing.shares import Need, Share, Shares
from wire.messages import Settlement, SettlementItem

PRICE = st.integers(-(10**6), 10**6)
ENERGY = st.integers(-20_000, 20_000)


@st.composite
def positions(draw: st.DrawFn) -> list[Position]:
    """Members with balanced awards and one tariff; each pays what its mechanism asked, at one price or not."""
    price, is_uniform = draw(PRICE), draw(st.booleans())
    low, high = sorted((draw(PRICE), draw(PRICE)))
    awards = draw(st.lists(ENERGY, min_size=1, max_size=12))
    awards[-1] -= sum(awards)
    return [
        Position(
            meter=f"home-{i}",
            award_wh=award,
            award_nano=award * price + (0 if is_uniform else draw(st.integers(-(10**9), 10**9))),
            metered_wh=draw(ENERGY) + award,
            retail_micro=high,
            feed_in_micro=low,
        )
        for i, award in enumerate(awards)
    ]


def energy_wh(transfers: list[Transfer], name: str) -> int:
    return sum(t.energy_wh if t.payer == name else -t.energy_wh for t in transfers if name in (t.payer, t.payee))


def paid_nano(transfers: list[Transfer], name: str) -> int:
    return sum(t.amount_nano if t.payer == name else -t.amount_nano for t in transfers if name in (t.payer, t.payee))


@given(positions())
def test_money_and_energy_sum_to_zero_and_the_market_keeps_nothing(slot: list[Position]) -> None:
    transfers = list(settle(slot).transfers)
    accounts = Accounts()
    accounts.post(transfers)
    assert accounts.sum_nano() == 0
    assert accounts.balance(MARKET) == 0
    assert accounts.balance(COMMUNITY) == sum(p.award_nano for p in slot)
    assert energy_wh(transfers, MARKET) == 0
    assert -energy_wh(transfers, OUTSIDE) == sum(p.metered_wh for p in slot)


@given(positions())
def test_every_member_is_billed_for_exactly_the_metered_energy(slot: list[Position]) -> None:
    transfers = list(settle(slot).transfers)
    for p in slot:
        assert energy_wh(transfers, account(p.meter)) == p.metered_wh
        award = [t for t in transfers if t.item is SettlementItem.AWARD]
        assert energy_wh(award, account(p.meter)) == p.award_wh


@given(positions())
def test_nobody_pays_more_for_an_imbalance_than_outside(slot: list[Position]) -> None:
    transfers = [t for t in list(settle(slot).transfers) if t.item is not SettlementItem.AWARD]
    for p in slot:
        assert paid_nano(transfers, account(p.meter)) <= p.need.alone_nano


def test_where_feed_in_is_above_retail_imbalances_never_meet_inside() -> None:
    """One member short by 100 Wh, one long by 100 Wh: each is better off outside (retail 0.10, feed-in 0.12)."""
    slot = [
        Position(
            meter=meter, award_wh=0, award_nano=0, metered_wh=energy, retail_micro=100_000, feed_in_micro=120_000
        )
        for meter, energy in (("long", -100), ("short", 100))
    ]
    transfers = list(settle(slot).transfers)
    assert {t.item for t in transfers} == {SettlementItem.OUTSIDE}
    assert paid_nano(transfers, account("short")) == 100 * 100_000
    assert paid_nano(transfers, account("long")) == -100 * 120_000


@given(positions(), st.randoms(use_true_random=False))
def test_the_order_of_the_members_leaves_no_trace(slot: list[Position], rng: object) -> None:
    shuffled = rng.sample(slot, len(slot))  # type: ignore[attr-defined]
    assert settle(shuffled) == settle(slot)


@given(positions(), st.integers(1, 1_000))
def test_awards_that_do_not_balance_are_never_settled(slot: list[Position], surplus: int) -> None:
    first = slot[0]
    broken = Position(
        meter=first.meter,
        award_wh=first.award_wh + surplus,
        award_nano=first.award_nano,
        metered_wh=first.metered_wh,
        retail_micro=first.retail_micro,
        feed_in_micro=first.feed_in_micro,
    )
    with pytest.raises(ValueError, match="do not balance"):
        settle([broken, *slot[1:]])


@given(positions(), st.integers(0, 30))
def test_the_ledger_refuses_a_slot_that_keeps_money_in_the_market(slot: list[Position], i: int) -> None:
    transfers = list(settle(slot).transfers)
    inside = [t for t in transfers if MARKET in (t.payer, t.payee) and t.amount_nano]
    assume(inside)
    without = list(transfers)
    without.remove(inside[i % len(inside)])
    accounts = Accounts()
    accounts.post(transfers)
    balances = {p.meter: accounts.balance(account(p.meter)) for p in slot}
    with pytest.raises(NotConserved):
        accounts.post(without)
    assert {p.meter: accounts.balance(account(p.meter)) for p in slot} == balances
    assert accounts.entries == len(transfers)


@given(positions())
def test_statements_sum_to_the_ledger_to_the_last_unit(slot: list[Position]) -> None:
    transfers = list(settle(slot).transfers)
    accounts = Accounts()
    accounts.post(transfers)
    for p in slot:
        own = account(p.meter)
        lines = tuple(line_of(t, 1 if t.payer == own else -1) for t in transfers if own in (t.payer, t.payee))
        settled = Settlement(
            community="elm",
            meter=p.meter,
            slot="2027-01-15T08:00:00Z",
            quality="measured",
            award_wh=p.award_wh,
            metered_wh=p.metered_wh,
            lines=lines,
            total_nano=sum(line.amount_nano for line in lines),
            log_index=0,
            salt="0" * 64,
            corrects=None,
            note=None,
        )
        assert statement(p.meter, [settled]).total_nano == -accounts.balance(own)


@given(positions(), st.integers(0, 50_000), st.integers(0, 50_000))
def test_two_prices_charge_deviations_in_both_directions_and_the_community_never_pays(
    slot: list[Position], adder: int, deduction: int
) -> None:
    """Short pays retail and the adder, long gets feed-in less the deduction; what lies between is the community's."""
    transfers = list(settle(slot, TwoPrice(adder, deduction).share).transfers)
    accounts = Accounts()
    accounts.post(transfers)
    assert accounts.balance(MARKET) == 0
    assert accounts.balance(COMMUNITY) >= sum(p.award_nano for p in slot)
    beyond = [t for t in transfers if t.item is SettlementItem.IMBALANCE]
    for p in slot:
        off_wh = p.metered_wh - p.award_wh
        price = p.retail_micro + adder if off_wh > 0 else p.feed_in_micro - deduction
        assert paid_nano(beyond, account(p.meter)) == off_wh * price
        assert energy_wh(transfers, account(p.meter)) == p.metered_wh


@given(positions())
def test_outside_prices_net_nothing_inside(slot: list[Position]) -> None:
    transfers = list(settle(slot, imbalance_rule("outside_prices", TwoPrice())).transfers)
    beyond = [t for t in transfers if t.item is not SettlementItem.AWARD and t.item is not SettlementItem.COMMUNITY]
    assert {t.item for t in beyond} <= {SettlementItem.OUTSIDE}
    for p in slot:
        assert paid_nano(beyond, account(p.meter)) == p.need.alone_nano


def test_a_penalty_is_on_what_lies_beyond_the_tolerance_of_a_measured_award() -> None:
    """By hand, 5 per kWh: bought 10, used 12 kWh: 2 x 5; sold 10, delivered 9: 1 x 5 (the published case)."""

    def member(meter: str, award_wh: int, metered_wh: int, *, measured: bool = True) -> Position:
        return Position(
            meter=meter,
            award_wh=award_wh,
            award_nano=0,
            metered_wh=metered_wh,
            retail_micro=1,
            feed_in_micro=0,
            is_measured=measured,
        )

    slot = [
        member("b", 10_000, 12_000),
        member("s", -10_000, -9_000),
        member("without-award", 0, 5_000),
        member("estimated", 1_000, 9_000, measured=False),
    ]

    def found(penalty: Penalty) -> dict[str, int]:
        assert all(t.payee == COMMUNITY for t in penalty.transfers(slot))
        return {t.payer.removeprefix("member:"): t.amount_nano for t in penalty.transfers(slot)}

    assert found(Penalty(micro=5_000_000)) == {"b": 10 * 10**9, "s": 5 * 10**9}
    assert found(Penalty(micro=5_000_000, tolerance_wh=1_000)) == {"b": 5 * 10**9}
    assert found(Penalty(micro=5_000_000, tolerance_wh=500, tolerance_permille=150)) == {"b": 500 * 5_000_000}
    assert found(Penalty()) == {}


@given(positions(), positions())
def test_what_was_posted_and_its_differences_are_what_is_due(posted: list[Position], due: list[Position]) -> None:
    """For every pair of accounts and item, energy and money; and equal settlements have no difference."""

    def sums(transfers: list[Transfer]) -> dict[tuple[object, ...], tuple[int, int]]:
        found: dict[tuple[object, ...], tuple[int, int]] = {}
        for t in transfers:
            for own, other, sign in ((t.payer, t.payee, 1), (t.payee, t.payer, -1)):
                key = (own, other, t.of or t.item, t.label)
                energy, nano = found.get(key, (0, 0))
                found[key] = (energy + sign * t.energy_wh, nano + sign * t.amount_nano)
        return {key: value for key, value in found.items() if value != (0, 0)}

    before, after = list(settle(posted).transfers), list(settle(due).transfers)
    changes = list(differences(before, after))
    assert {t.item for t in changes} <= {SettlementItem.CORRECTION}
    assert sums([*before, *changes]) == sums(after)
    assert differences(before, before) == ()
    accounts = Accounts()
    accounts.post(before)
    accounts.post(changes)
    assert accounts.sum_nano() == 0


def test_donations_have_an_account_of_their_own() -> None:
    """A gives B 100 Wh, C gives D 50 Wh at 3 nano/Wh that the account keeps."""

    def share(needs: list[Need], _rules: Rules) -> Shares:
        assert {n.meter for n in needs} == {"a", "b", "c", "d"}
        return Shares(
            lines=(
                Share("a", -100, 0, 0, through="donation"),
                Share("b", 100, 0, 0, through="donation"),
                Share("c", -50, -150, 3, through="donation"),
                Share("d", 50, 0, 0, through="donation"),
            )
        )

    energies = {"a": -100, "b": 100, "c": -50, "d": 50}
    slot = [
        Position(meter=m, award_wh=0, award_nano=0, metered_wh=wh, retail_micro=300_000, feed_in_micro=100_000)
        for m, wh in energies.items()
    ]
    transfers = list(settle(slot, share).transfers)  # type: ignore[arg-type]
    accounts = Accounts()
    accounts.post(transfers)
    assert {t.item for t in transfers} == {SettlementItem.DONATION}
    assert (accounts.balance(DONATIONS), accounts.balance(account("c"))) == (-150, 150)
    assert {m: energy_wh(transfers, account(m)) for m in energies} == energies

    def unbalanced(_needs: list[Need], _rules: Rules) -> Shares:
        return Shares(lines=(Share("a", -100, 0, 0, through="donation"),))

    with pytest.raises(ValueError, match="donation lines do not balance: -100 Wh"):
        settle(slot, unbalanced)  # type: ignore[arg-type]
