"""The steps of an order, for any value curve and band: the broker takes them, and they say what the curve says."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broker.clearing.book import Book, book_side
from broker.clearing.book import Step as BookStep
from broker.clearing.outcome import Rules
from broker.clearing.uniform import clear
from broker.market.admission.intake import admit_order
from broker.market.outcome import Accepted
from broker.market.sessions.slot_book import Session, SlotBook
from broker.market.terms import Member, OutsidePrices, Terms
from hems.bidding.steps import Band, Step, order_steps, wanted_wh
from hems.control.meter.order_steps import coarsened, within_conditions
from hems.planning.plan import ValueCurve
from wire.messages import Conditions, Order, OrderStep, Side
from wire.slots import Slot, format_utc

CONNECTION_W = 17_000
GATE_FAR_S = 1_800_000_000
SLOT_MINUTES = st.sampled_from([15, 30, 60])


@dataclass(frozen=True, slots=True)
class Case:
    curve: ValueCurve
    band: Band
    minutes: int
    margin_micro: int

    @property
    def slot_h(self) -> float:
        return self.minutes / 60.0

    @property
    def steps(self) -> tuple[Step, ...]:
        return order_steps(self.curve, self.slot_h, self.band, margin_micro=self.margin_micro)


@st.composite
def bands(draw: st.DrawFn) -> Band:
    feed_in = draw(st.integers(-100_000, 300_000))
    return Band(feed_in_micro=feed_in, retail_micro=feed_in + draw(st.integers(1, 5) | st.integers(1, 400_000)))


@st.composite
def curves(draw: st.DrawFn, band: Band) -> ValueCurve:
    """Falling marginals, many of them equal, at an end of the band or one micro beside it."""
    limit_kw = CONNECTION_W / 1000.0
    net = st.floats(-limit_kw, limit_kw) | st.sampled_from([-limit_kw, 0.0, limit_kw])
    points = sorted(draw(st.lists(net, min_size=1, max_size=20, unique=True)))
    ends = (band.feed_in_micro, band.retail_micro)
    near = st.sampled_from([end + shift for end in ends for shift in (-2, -1, 0, 1, 2)])
    value = near | st.integers(band.feed_in_micro - 1000, band.retail_micro + 1000) | st.integers(-(10**6), 10**6)
    count = len(points) - 1
    values = sorted(draw(st.lists(value, min_size=count, max_size=count)), reverse=True)
    return ValueCurve(net_kw=np.array(points), marginal_per_kwh=np.array(values, dtype=float) / 1e6)


@st.composite
def cases(draw: st.DrawFn, least_margin: int = 0) -> Case:
    band = draw(bands())
    margin = draw(st.integers(least_margin, 3) | st.integers(least_margin, 50_000))
    return Case(draw(curves(band)), band, draw(SLOT_MINUTES), margin)


def side(steps: tuple[Step, ...], name: str) -> list[Step]:
    return [step for step in steps if step.side == name]


@given(cases())
def test_steps_are_positive_inside_the_band_and_in_the_order_the_broker_asks_for(case: Case) -> None:
    buys, sells = side(case.steps, "buy"), side(case.steps, "sell")
    assert case.steps == (*buys, *sells)
    assert all(step.energy_wh > 0 for step in case.steps)
    assert all(case.band.feed_in_micro <= step.price_micro <= case.band.retail_micro for step in case.steps)
    assert [s.price_micro for s in buys] == sorted({s.price_micro for s in buys}, reverse=True)
    assert [s.price_micro for s in sells] == sorted({s.price_micro for s in sells})
    assert not buys or not sells or buys[0].price_micro < sells[0].price_micro


@given(cases())
def test_an_order_never_wants_more_than_the_curve_reaches(case: Case) -> None:
    low_wh, high_wh = (float(end) * case.slot_h * 1000.0 for end in case.curve.net_kw[[0, -1]])
    assert sum(s.energy_wh for s in side(case.steps, "buy")) <= max(high_wh, 0.0) + 1.0
    assert sum(s.energy_wh for s in side(case.steps, "sell")) <= max(-low_wh, 0.0) + 1.0


@given(cases())
def test_what_must_flow_trades_at_the_ends_of_the_band(case: Case) -> None:
    low_wh, high_wh = (float(end) * case.slot_h * 1000.0 for end in case.curve.net_kw[[0, -1]])
    assert wanted_wh(case.steps, case.band.retail_micro) >= min(low_wh, 0.0) - 1.0
    if low_wh > 0.0:
        assert wanted_wh(case.steps, case.band.retail_micro) >= low_wh - 1.0
    if high_wh < 0.0:
        assert wanted_wh(case.steps, case.band.feed_in_micro) <= high_wh + 1.0


@given(cases(), st.data())
def test_the_dearer_the_less_is_wanted(case: Case, data: st.DataObject) -> None:
    prices = st.integers(case.band.feed_in_micro - 5, case.band.retail_micro + 5)
    cheap, dear = sorted((data.draw(prices), data.draw(prices)))
    assert wanted_wh(case.steps, cheap) >= wanted_wh(case.steps, dear)


@given(cases(least_margin=1), st.data())
def test_inside_the_band_an_order_wants_the_net_import_whose_marginal_value_is_the_price(
    case: Case, data: st.DataObject
) -> None:
    """Inverse demand: everything worth more than the price plus the margin, nothing worth less than it minus that."""
    margin, band = case.margin_micro, case.band
    price = data.draw(st.integers(band.feed_in_micro, band.retail_micro))
    values = np.rint(case.curve.marginal_per_kwh * 1e6)
    least, most = (float(case.curve.net_kw[(values > price + shift).sum()]) for shift in (margin, -margin - 1))
    if band.feed_in_micro < price < band.retail_micro - 1:
        wanted = wanted_wh(case.steps, price) / case.slot_h / 1000.0
        rounding_kw = 1.0001 / case.slot_h / 1000.0
        assert least - rounding_kw <= wanted <= most + rounding_kw


@given(cases(), st.integers(2, 6))
def test_an_order_never_trades_with_itself(case: Case, steps_max: int) -> None:
    for steps in (case.steps, coarsened(case.steps, steps_max)):
        bids = [BookStep("me", s.price_micro, s.energy_wh) for s in side(steps, "buy")]
        offers = [BookStep("me", s.price_micro, s.energy_wh) for s in side(steps, "sell")]
        assert clear(Book(book_side(bids), book_side(offers)), Rules()).volume == 0


@given(cases(), st.integers(1, 60))
def test_the_broker_accepts_every_order(case: Case, steps_max: int) -> None:
    slot = Slot(GATE_FAR_S, case.minutes)
    terms = Terms(community="elm", slot_minutes=case.minutes, steps_max=steps_max)
    prices = OutsidePrices(case.band.retail_micro, case.band.feed_in_micro)
    member = Member(
        meter="me", public_key=bytes(32), nameplate_import_w=CONNECTION_W, nameplate_export_w=CONNECTION_W
    )
    order = Order(
        community="elm",
        meter="me",
        stage="intraday",
        slot=slot.label,
        sequence=1,
        steps=tuple(
            OrderStep(side=Side(s.side), price_micro_per_kwh=s.price_micro, energy_wh=s.energy_wh)
            for s in coarsened(case.steps, steps_max)
        ),
        sent_at=format_utc(slot.start_s - 600),
    )
    admission = admit_order(
        order,
        "0" * 64,
        book=SlotBook(slot, prices, [Session(gate) for gate in terms.gates(slot)]),
        member=member,
        terms=terms,
        at_s=slot.start_s - 600,
    )
    assert admission == Accepted()


@given(cases(), st.integers(2, 8))
def test_coarsened_keeps_the_energy_of_both_sides_and_never_names_a_worse_price(case: Case, steps_max: int) -> None:
    coarse = coarsened(case.steps, steps_max)
    assert len(coarse) <= steps_max
    prices = {step.price_micro for step in case.steps}
    for name in ("buy", "sell"):
        assert sum(s.energy_wh for s in side(coarse, name)) == sum(s.energy_wh for s in side(case.steps, name))
    assert {step.price_micro for step in coarse} <= prices
    for price in prices:
        bought, sold = side(coarse, "buy"), side(coarse, "sell")
        assert wanted_wh(tuple(bought), price) <= wanted_wh(tuple(side(case.steps, "buy")), price)
        assert -wanted_wh(tuple(sold), price) <= -wanted_wh(tuple(side(case.steps, "sell")), price)


@given(cases(), bands())
def test_moved_into_the_published_band_an_order_is_still_in_order_and_apart(case: Case, published: Band) -> None:
    told = Conditions(
        community="elm",
        slot=Slot(GATE_FAR_S, case.minutes).label,
        retail_micro_per_kwh=published.retail_micro,
        feed_in_micro_per_kwh=published.feed_in_micro,
        network_state="normal",
        last_price_micro_per_kwh=None,
        last_demand_wh=0,
        last_generation_wh=0,
    )
    moved = within_conditions(case.steps, told)
    buys, sells = ([s.price_micro for s in side(moved, name)] for name in ("buy", "sell"))
    assert all(published.feed_in_micro <= price <= published.retail_micro for price in buys + sells)
    assert buys == sorted(buys, reverse=True) and sells == sorted(sells)
    assert not buys or not sells or buys[0] < sells[0]
    assert sum(s.energy_wh for s in side(moved, "buy")) == sum(s.energy_wh for s in side(case.steps, "buy"))
