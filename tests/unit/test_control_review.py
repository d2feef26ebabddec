"""Mistakes that a review found in bidding, control and the public curve; each came back as a test."""

from dataclasses import replace

import numpy as np
import pytest

from hems.bidding.steps import Band, Step, order_steps
from hems.bidding.strategy import Strategy
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.home_loop import HomeLoop, Timing
from hems.control.market_view import MarketView
from hems.control.transactive_meter import Frame
from hems.metering.image import DeviceImage, Stay
from hems.planning.home_problem import home_problem
from hems.planning.plan import ValueCurve
from hems.planning.planner import Planner
from hems.site.home import Home, PvUnit
from tests.fakes import (
    BATTERY,
    CAR,
    COMMUNITY,
    METER,
    START_S,
    FailingPlanner,
    FakeOutlooks,
    broker_says,
    clearing,
    home,
    idle,
    image,
    payload_digest,
    slot,
    transactive_meter,
)
from wire import messages as m
from wire.reasons import Reason

S16 = Settings(horizon_slots=16)
STAY = Stay(energy_needed_wh=3000, departure_s=START_S + 3 * 3600)
STRATEGY = Strategy(slot=slot(2), steps=(Step("buy", 240_000, 500),), net_wh=(500,))


def curve(net: list[float], marg: list[float]) -> ValueCurve:
    return ValueCurve(net_kw=np.array(net, float), marginal_per_kwh=np.array(marg, float))


def receipt(frame: Frame | None, *, sequence: int = 1, meter: str = METER) -> m.Receipt:
    assert frame is not None
    return m.Receipt(
        community=COMMUNITY,
        meter=meter,
        of="order",
        slot=slot(2).label,
        sequence=sequence,
        digest=payload_digest(frame),
        received_at=slot().label,
        stage=None,
        round=None,
        pseudonym=None,
        salt=None,
    )


def loop_of(the_home: Home, *, trades: bool) -> HomeLoop:
    from hems.control.history import History
    from hems.control.live_outlook import LiveOutlook
    from hems.site.tariff import DailyPrices

    history = History(slot_minutes=15)
    outlook = LiveOutlook(history, DailyPrices(0.3, 0.1, (), "UTC"), timezone="UTC", slot_s=900)
    cheap = FakeOutlooks(retail=np.r_[0.1, np.full(400, 0.4)])
    return HomeLoop(
        EnergyManager(the_home, cheap, settings=S16),
        history,
        outlook,
        Timing(tick_s=20, plan_lead_s=120),
        token=1,
        trades=trades,
    )


def test_a_receipt_of_an_older_order_does_not_settle_the_newer_one() -> None:
    meter = transactive_meter()
    first = meter.order(STRATEGY, START_S)
    second = meter.order(STRATEGY, START_S + 1)
    meter.receive("receipt", broker_says(receipt(first, sequence=1)))
    assert meter.unanswered() == [second]


def test_a_rejection_of_an_older_order_does_not_settle_the_newer_one() -> None:
    meter = transactive_meter()
    first = meter.order(STRATEGY, START_S)
    second = meter.order(STRATEGY, START_S + 1)
    meter.receive(
        "rejection",
        broker_says(
            m.Rejection(
                community=COMMUNITY,
                meter=METER,
                of="order",
                code=Reason.STALE_SEQUENCE,
                field=None,
                detail="",
                hint="",
                digest=payload_digest(first),
                slot=slot(2).label,
                sequence=1,
            )
        ),
    )
    assert meter.unanswered() == [second]


def test_a_receipt_for_another_meter_settles_nothing() -> None:
    meter = transactive_meter()
    frame = meter.order(STRATEGY, START_S)
    meter.receive("receipt", broker_says(receipt(frame, meter="home-2")))
    assert meter.unanswered() == [frame]


def test_an_award_of_another_meter_is_not_learned() -> None:
    meter = transactive_meter()
    meter.receive(
        "award",
        broker_says(
            m.Award(
                community=COMMUNITY,
                meter="home-2",
                stage="intraday",
                slot=slot(2).label,
                round=0,
                position_wh=0,
                sequence=1,
                bought_wh=900,
                sold_wh=0,
                price_micro_per_kwh=200_000,
                amount_nano=180_000_000,
                reason=m.AwardReason.TRADED,
                pseudonym="0" * 16,
                index=0,
                order_proof=(),
                award_proof=(),
            )
        ),
    )
    assert meter.view.awards == {}


def test_an_older_path_does_not_replace_a_newer_one() -> None:
    meter = transactive_meter()
    paths = [
        m.Path(community=COMMUNITY, round=r, first_slot=slot(r).label, members=3, net_wh=(r,), price_micro_per_kwh=())
        for r in (1, 2)
    ]
    for message in (paths[0], paths[1], paths[0]):
        meter.receive("path", broker_says(message))
    assert meter.view.path == paths[1]


def test_a_strategy_without_steps_withdraws_the_order_that_was_sent_before() -> None:
    meter = transactive_meter()
    meter.order(STRATEGY, START_S)
    frame = meter.order(replace(STRATEGY, steps=()), START_S + 1)
    assert frame is not None, "the first order still stands in the book"


def test_a_rejected_order_is_not_taken_out_of_the_cleared_book() -> None:
    """A 500 Wh retail order is rejected (late); the public book holds only the others' 800 Wh."""
    meter = transactive_meter()
    frame = meter.order(Strategy(slot=slot(2), steps=(Step("buy", 300_000, 500),), net_wh=(0,)), START_S)
    meter.receive(
        "rejection",
        broker_says(
            m.Rejection(
                community=COMMUNITY,
                meter=METER,
                of="order",
                code=Reason.GATE_CLOSED,
                field=None,
                detail="",
                hint="",
                digest=payload_digest(frame),
                slot=slot(2).label,
                sequence=1,
            )
        ),
    )
    meter.receive(
        "clearing",
        broker_says(
            clearing(
                slot(2), mechanism="x", demand=(m.CurveStep(price_micro_per_kwh=300_000, energy_wh=800),), orders=1
            )
        ),
    )
    assert meter.view.after_auction(slot(2), Band(feed_in_micro=100_000, retail_micro=300_000)).others_kw == 3.2


def test_the_own_part_of_a_path_is_the_plan_that_the_path_was_made_of() -> None:
    """Path of round 1 holds our 250 Wh and 750 Wh of others; then we send a new plan of 1000 Wh."""
    meter = transactive_meter()
    meter.plan_notice(replace(STRATEGY, net_wh=(250,)), 1)
    meter.receive(
        "path",
        broker_says(
            m.Path(
                community=COMMUNITY,
                round=1,
                first_slot=slot(2).label,
                members=3,
                net_wh=(1000,),
                price_micro_per_kwh=(),
            )
        ),
    )
    meter.plan_notice(replace(STRATEGY, net_wh=(1000,)), 2)
    assert meter.view.others_kw(slot(2), 1).tolist() == [3.0]


def test_a_horizon_of_48_h_in_5_minute_slots_can_be_told() -> None:
    meter = transactive_meter()
    meter.plan_notice(replace(STRATEGY, net_wh=(0,) * 576), 1)
    assert meter.view.own_plan is not None
    assert len(meter.view.own_plan.net_wh) == 288


def test_a_band_of_one_price_keeps_sells_inside() -> None:
    band = Band(feed_in_micro=100_000, retail_micro=100_000)
    steps = order_steps(curve([-2, 2], [0.05]), 0.25, band)
    assert all(step.price_micro == 100_000 for step in steps), steps


def test_an_order_never_exceeds_the_connection_in_20_minute_slots() -> None:
    steps = order_steps(curve([0, 17], [0.2]), 20 / 60, Band(feed_in_micro=100_000, retail_micro=300_000))
    assert sum(s.energy_wh for s in steps) <= 17_000 * 20 // 60


def test_noise_in_the_marginals_does_not_break_the_order() -> None:
    steps = order_steps(curve([0, 1, 2], [0.2, 0.200002]), 0.25, Band(feed_in_micro=100_000, retail_micro=300_000))
    prices = [s.price_micro for s in steps]
    assert prices == sorted(prices, reverse=True), prices


def test_a_home_alone_is_planned_right_where_feed_in_exceeds_retail() -> None:
    outlooks = FakeOutlooks(retail=0.1, feed_in=0.3)
    manager = EnergyManager(home(BATTERY), outlooks, settings=S16)
    seen = image({"battery": idle(soc=0.5)})
    decision = manager.decide(START_S, slot(), seen, None)
    by_tariff = Planner().plan(home_problem(home(BATTERY), seen, outlooks.outlook(0, START_S, 16), None))
    assert manager.plan.objective == pytest.approx(by_tariff.objective, abs=0.01), decision


def test_a_car_charges_in_the_cheap_hours_even_where_feed_in_exceeds_retail() -> None:
    """Retail is 0.07 and for an hour 0.02, feed-in 0.08: all hours look like 0.08, the car charges at once."""
    retail = np.full(64, 0.07)
    retail[8:12] = 0.02
    view = MarketView()
    view.learn(
        m.Path(
            community=COMMUNITY,
            round=1,
            first_slot=slot().label,
            members=3,
            net_wh=(2000,) * 16,
            price_micro_per_kwh=(),
        )
    )
    manager = EnergyManager(home(CAR), FakeOutlooks(retail=retail, feed_in=0.08), settings=S16)
    manager.decide(START_S, slot(), image({"car": idle(stay=STAY)}), view)
    assert manager.plan.devices["car"].power_kw[8:12].sum() * 0.25 == pytest.approx(3.0)


def test_two_roofs_are_not_counted_twice() -> None:
    two = home(PvUnit(id="east"), PvUnit(id="west"))
    seen = image(
        {
            "east": DeviceImage(power_w=-2000, available_w=2000.0),
            "west": DeviceImage(power_w=-1000, available_w=1000.0),
        }
    )
    manager = EnergyManager(two, FakeOutlooks(pv_kw=3.0), settings=S16)
    manager.decide(START_S, slot(), seen, None)
    assert manager.plan.grid_kw[0] == pytest.approx(1.0 - 3.0)


def test_on_rules_a_reason_names_a_price_that_exists() -> None:
    manager = EnergyManager(home(CAR), FakeOutlooks(), settings=S16)
    manager._planner = FailingPlanner()
    (setpoint,) = manager.decide(START_S, slot(), image({"car": idle(stay=STAY)}), None).setpoints
    assert setpoint.why.price_per_kwh > 0.0 and "0.000" not in setpoint.why.text, setpoint.why


def test_forced_load_is_still_seen_in_a_book_of_more_than_100_prices() -> None:
    from broker.clearing.book import Step as BookStep
    from broker.market.sessions.auction import public_curve
    from hems.bidding.residual import residual_wh

    bids = [BookStep("a", 300_000, 5000)] + [BookStep(f"m{i}", 200_000 - i, 10) for i in range(150)]
    demand = [(s.price_micro_per_kwh, s.energy_wh) for s in public_curve(bids, falling=True)]
    assert residual_wh(demand, [], 0, (100_000, 300_000)) == 5000, demand[0]


def test_a_car_that_is_plugged_in_mid_slot_is_planned_at_the_next_tick() -> None:
    loop = loop_of(home(CAR), trades=False)
    loop.step(START_S, image({"car": idle()}))
    actions = loop.step(START_S + 20, image({"car": idle(stay=STAY)}))
    assert actions.leases["car"].power_w > 0


def test_the_connection_is_guarded_until_the_end_of_the_slot() -> None:
    """After the next slot was prepared the load rises to 16 kW: the lease of 4 kW goes on, 20 kW over 17 kW."""
    loop = loop_of(home(CAR), trades=True)
    loop.step(START_S, image({"car": idle(stay=STAY)}))
    loop.step(START_S + 760, image({"car": DeviceImage(power_w=4000.0, stay=STAY)}))
    late = image({"car": DeviceImage(power_w=4000.0, stay=STAY)}, base_w=16_000.0)
    actions = loop.step(START_S + 800, late)
    assert 16_000 + actions.leases["car"].power_w <= 17_000


def test_a_full_battery_is_not_told_to_go_on_charging() -> None:
    loop = loop_of(home(BATTERY), trades=False)
    loop.step(START_S, image({"battery": idle(soc=0.9)}))
    actions = loop.step(START_S + 400, image({"battery": DeviceImage(power_w=2000.0, soc=1.0)}))
    assert actions.leases["battery"].power_w == 0
