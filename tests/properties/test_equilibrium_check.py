"""The meter's check of a uniform price against the broker's auction: it accepts every result and no changed one."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from broker.clearing import uniform
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from hems.control.equilibrium import UNIFORM, equilibrium, own_award
from wire.messages import Award, AwardReason, BookEntry, Clearing

SLOT = "2027-01-15T08:15:00Z"
LEVELS = st.lists(st.tuples(st.integers(-3, 12), st.integers(1, 9)), max_size=3).map(tuple)
ENTRIES = st.lists(st.tuples(LEVELS, LEVELS), max_size=8).map(
    lambda orders: [
        BookEntry(
            pseudonym=f"{i:016x}", arrival=0, commitment="0" * 64, sequence=1, salt="0" * 64, buy=buy, sell=sell
        )
        for i, (buy, sell) in enumerate(orders)
    ]
)
K = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(1)])


def outcome_of(entries: list[BookEntry], k: Fraction) -> Outcome:
    bids = [Step(e.pseudonym, price, energy) for e in entries for price, energy in e.buy]
    offers = [Step(e.pseudonym, price, energy) for e in entries for price, energy in e.sell]
    return uniform.clear(Book(book_side(bids), book_side(offers)), Rules(k=k))


def clearing_of(entries: list[BookEntry], k: Fraction) -> Clearing:
    outcome = outcome_of(entries, k)
    return Clearing(
        community="elm",
        stage="intraday",
        slot=SLOT,
        round=0,
        mechanism=UNIFORM,
        outcome="cleared" if outcome.volume else "no_trade",
        price_micro_per_kwh=outcome.buyer_price,
        buyer_price_micro_per_kwh=outcome.buyer_price,
        seller_price_micro_per_kwh=outcome.seller_price,
        price_low_micro_per_kwh=outcome.low,
        price_high_micro_per_kwh=outcome.high,
        volume_wh=outcome.volume,
        surplus_nano=0,
        note=None,
        demand=(),
        supply=(),
        orders=len(entries),
        orders_root="0" * 64,
        awards_root="0" * 64,
        unrevealed=0,
    )


@given(ENTRIES, K)
def test_every_result_of_the_auction_is_an_equilibrium_and_every_award_fits_it(
    entries: list[BookEntry], k: Fraction
) -> None:
    clearing, outcome = clearing_of(entries, k), outcome_of(entries, k)
    assert equilibrium(clearing, entries, k) == []
    for entry in entries:
        assert own_award(award_of(entry, clearing, outcome), entry, clearing) == []


@given(ENTRIES, K, st.sampled_from(["volume", "price", "low", "high"]), st.integers(-9, 9).filter(bool))
def test_no_changed_result_is_accepted(entries: list[BookEntry], k: Fraction, what: str, by: int) -> None:
    clearing = clearing_of(entries, k)
    if clearing.outcome != "cleared":
        return
    keys = {
        "volume": ("volume_wh",),
        "price": ("price_micro_per_kwh", "buyer_price_micro_per_kwh", "seller_price_micro_per_kwh"),
        "low": ("price_low_micro_per_kwh",),
        "high": ("price_high_micro_per_kwh",),
    }[what]
    changed = clearing.model_copy(update={key: getattr(clearing, key) + by for key in keys})
    assert equilibrium(changed, entries, k) != []


@given(ENTRIES, K)
def test_a_trade_that_is_denied_is_noticed(entries: list[BookEntry], k: Fraction) -> None:
    clearing = clearing_of(entries, k)
    nothing = clearing.model_copy(update={"outcome": "no_trade", "volume_wh": 0, "price_micro_per_kwh": None})
    assert bool(equilibrium(nothing, entries, k)) == (clearing.volume_wh > 0)


@given(ENTRIES, st.sampled_from(["bought_wh", "sold_wh", "amount_nano"]))
def test_an_award_beyond_the_order_or_at_another_price_is_noticed(entries: list[BookEntry], key: str) -> None:
    k = Fraction(1, 2)
    clearing, outcome = clearing_of(entries, k), outcome_of(entries, k)
    if clearing.outcome != "cleared":
        return
    for entry in entries:
        award = award_of(entry, clearing, outcome)
        assert own_award(award.model_copy(update={key: getattr(award, key) + 1_000}), entry, clearing)


def award_of(entry: BookEntry, clearing: Clearing, outcome: Outcome) -> Award:
    bought, sold = outcome.bought.get(entry.pseudonym, 0), outcome.sold.get(entry.pseudonym, 0)
    return Award(
        community="elm",
        meter="home-1",
        stage="intraday",
        slot=SLOT,
        round=0,
        position_wh=bought - sold,
        sequence=1,
        bought_wh=bought,
        sold_wh=sold,
        price_micro_per_kwh=clearing.price_micro_per_kwh,
        amount_nano=outcome.payment_of(entry.pseudonym) - outcome.receipt_of(entry.pseudonym),
        reason=AwardReason.TRADED,
        pseudonym=entry.pseudonym,
        index=0,
        order_proof=(),
        award_proof=(),
    )
