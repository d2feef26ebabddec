"""A home's check of what its pairs cost: every award of the consensus passes, one that costs more is noticed."""

from fractions import Fraction

from bilateral_rig import Orders, asked_in_rounds
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bilateral_rounds import WISHES
from test_equilibrium_check import award_of, clearing_of
from test_price_rounds import BAND, ORDERS, SILENT

from broker.clearing.outcome import no_trade
from broker.clearing.preferences import Preference
from hems.control.equilibrium import PAIRS, own_award
from wire.commitments import levels
from wire.messages import BookEntry, OrderStep, Side

CLEARING = clearing_of([], Fraction(1, 2)).model_copy(
    update={"mechanism": PAIRS, "outcome": "cleared", "price_micro_per_kwh": 1}
)


def entry_of(name: str, steps: tuple[OrderStep, ...]) -> BookEntry:
    return BookEntry(
        pseudonym=name * 16,
        arrival=0,
        commitment="0" * 64,
        sequence=1,
        salt="0" * 64,
        buy=levels(steps, Side.BUY),
        sell=levels(steps, Side.SELL),
    )


def premium_of(wish: Preference | None) -> int:
    """The most that a buyer adds: here only for named sellers, one of which each pair has."""
    return max(wish.premiums.values(), default=0) if wish is not None else 0


@settings(max_examples=40)
@given(ORDERS, WISHES, SILENT, st.integers(1, 32))
def test_no_award_of_the_consensus_costs_more_than_the_own_limits_and_premiums_allow(
    orders: Orders, wishes: dict[str, Preference], silent: set[tuple[str, int]], most: int
) -> None:
    rounds = asked_in_rounds(orders, BAND, most, wishes, silent)
    outcome = rounds.outcome().renamed({name: name * 16 for name in "abcdef"})
    for name, steps in orders.items():
        entry, premium = entry_of(name, steps), premium_of(wishes.get(name))
        award = award_of(entry, CLEARING, outcome)
        assert own_award(award, entry, CLEARING, premium_micro=premium) == []
        if award.bought_wh + award.sold_wh:
            worst = max([limit for limit, _ in entry.buy], default=0) + premium
            least = min([limit for limit, _ in entry.sell], default=0)
            dear = award.bought_wh * worst - award.sold_wh * least + 1
            assert own_award(award.model_copy(update={"amount_nano": dear}), entry, CLEARING, premium_micro=premium)


def test_the_limit_of_the_last_kilowatt_hour_counts_and_an_unknown_premium_judges_nothing() -> None:
    entry = entry_of("a", (OrderStep(side=Side.BUY, price_micro_per_kwh=300, energy_wh=4),)).model_copy(
        update={"buy": ((300, 4), (200, 6)), "sell": ((400, 2), (500, 2))}
    )
    award = award_of(entry, CLEARING, no_trade()).model_copy(update={"bought_wh": 5, "sold_wh": 3})
    most = 5 * (200 + 10) - 3 * 500  # the fifth Wh is of the bid at 200, the third sold one of the offer at 500
    for amount, found in ((most, False), (most + 1, True)):
        told = award.model_copy(update={"amount_nano": amount})
        assert bool(own_award(told, entry, CLEARING, premium_micro=10)) is found
        assert own_award(told, entry, CLEARING, premium_micro=None) == []
