"""After an auction all members read one clearing: what each takes the others for adds up to what all will draw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.clearing.outcome import Rules
from broker.market.sessions.auction import auction
from broker.market.sessions.publication import Gathering
from broker.market.sessions.slot_book import Held, Session, SlotBook
from broker.market.terms import OutsidePrices, Terms
from hems.bidding.left_out import LEAVING_OUT, crossing
from hems.bidding.residual import residual_wh
from hems.bidding.steps import Band, Step
from hems.control.market_view import MarketView
from wire.messages import Award, Clearing, Order, OrderStep, Side
from wire.slots import Slot, format_utc

SLOT = Slot(1_800_000_000, 15)
TERMS = Terms(community="elm")
BAND = Band(feed_in_micro=100_000, retail_micro=300_000)
KW_PER_WH = 4.0 / 1000.0
Orders = dict[str, tuple[Step, ...]]


@st.composite
def order_of_a_member(draw: st.DrawFn) -> tuple[Step, ...]:
    """Buys by falling, sells by rising price, the buys below the sells; often at the ends of the band."""
    prices = st.integers(100_000, 300_000) | st.sampled_from([100_000, 120_000, 200_000, 280_000, 300_000])
    energy = st.integers(1, 4000)
    drawn = sorted(draw(st.sets(prices, min_size=1, max_size=6)))
    buys = draw(st.integers(0, len(drawn)))
    return tuple(
        [Step("buy", price, draw(energy)) for price in reversed(drawn[:buys])]
        + [Step("sell", price, draw(energy)) for price in drawn[buys:]]
    )


books = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "f"]), order_of_a_member(), min_size=1)


def cleared(orders: Orders, terms: Terms = TERMS) -> tuple[Clearing, dict[str, Award]]:
    book = SlotBook(
        SLOT,
        OutsidePrices(BAND.retail_micro, BAND.feed_in_micro),
        [Session(gate) for gate in terms.gates(SLOT)],
    )
    for meter, steps in orders.items():
        wired = tuple(
            OrderStep(side=Side(s.side), price_micro_per_kwh=s.price_micro, energy_wh=s.energy_wh) for s in steps
        )
        order = Order(
            community="elm",
            meter=meter,
            stage="intraday",
            slot=SLOT.label,
            sequence=1,
            steps=wired,
            sent_at=format_utc(SLOT.start_s - 600),
        )
        book.orders[meter] = Held(order, "0" * 64)
    listed = Gathering(book, terms.trading[0], terms.community, bytes(32)).received()
    clearing, awards = auction(book, listed, terms, SLOT.start_s - 60, Rules())
    return clearing, {award.meter: award for award in awards}


def drawn_wh(steps: tuple[Step, ...], award: Award) -> int:
    """What a member draws: the award fills its best steps, unfilled steps at the band's ends go to the grid."""
    net, left = award.bought_wh - award.sold_wh, {"buy": award.bought_wh, "sell": award.sold_wh}
    for step in steps:
        filled = min(left[step.side], step.energy_wh)
        left[step.side] -= filled
        if step.side == "buy" and step.price_micro == BAND.retail_micro:
            net += step.energy_wh - filled
        if step.side == "sell" and step.price_micro == BAND.feed_in_micro:
            net -= step.energy_wh - filled
    return net


@given(books)
def test_the_residual_is_what_all_members_will_draw(orders: Orders) -> None:
    clearing, awards = cleared(orders)
    demand = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.demand]
    supply = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.supply]
    left = residual_wh(demand, supply, clearing.volume_wh, (BAND.feed_in_micro, BAND.retail_micro))
    assert left == sum(drawn_wh(steps, awards[meter]) for meter, steps in orders.items())


@given(books)
def test_each_member_sees_what_the_others_will_draw(orders: Orders) -> None:
    clearing, awards = cleared(orders)
    draws = {meter: drawn_wh(steps, awards[meter]) for meter, steps in orders.items()}
    for meter, steps in orders.items():
        view = MarketView()
        view.ordered(SLOT, steps)
        view.learn(clearing)
        view.learn(awards[meter])
        left = view.after_auction(SLOT, BAND)
        others_kw = None if left is None else left.others_kw
        assert others_kw is not None
        assert abs(others_kw - (sum(draws.values()) - draws[meter]) * KW_PER_WH) < 1e-9


@given(books)
def test_a_home_that_did_not_order_sees_all_of_the_residual(orders: Orders) -> None:
    clearing, awards = cleared(orders)
    view = MarketView()
    view.learn(clearing)
    left = view.after_auction(SLOT, BAND)
    others_kw = None if left is None else left.others_kw
    assert others_kw is not None
    assert abs(others_kw - sum(drawn_wh(s, awards[m]) for m, s in orders.items()) * KW_PER_WH) < 1e-9


@given(books, st.sampled_from(sorted(LEAVING_OUT)))
def test_where_an_auction_leaves_trades_out_the_places_of_all_members_add_up(orders: Orders, mechanism: str) -> None:
    """Each home's own draw is the community's less that of the others; all of them have to make one community."""
    clearing, awards = cleared(orders, Terms(community="elm", mechanism=mechanism))
    whole, _ = cleared(orders)
    demand = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.demand]
    supply = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.supply]
    met = crossing(demand, supply)
    assert (0 if met is None else met.volume_wh) == whole.volume_wh
    left = residual_wh(demand, supply, whole.volume_wh, (BAND.feed_in_micro, BAND.retail_micro))
    if met is not None and clearing.volume_wh < met.volume_wh:
        bought = sum(met.filled_wh(steps)[0] for steps in orders.values())
        sold = sum(met.filled_wh(steps)[1] for steps in orders.values())
        assert bought == pytest.approx(met.volume_wh)
        assert sold == pytest.approx(met.volume_wh)
    if clearing.volume_wh:  # what was awarded may stand in other steps than the best
        return
    own = 0.0
    for meter, steps in orders.items():
        view = MarketView()
        view.ordered(SLOT, steps)
        view.learn(clearing)
        view.learn(awards[meter])
        found = view.after_auction(SLOT, BAND)
        assert found is not None
        own += left - found.others_kw / KW_PER_WH
    assert own == pytest.approx(left, abs=1e-6)
