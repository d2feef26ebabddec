"""A home bids for tomorrow's run as a block, in the real day-ahead market, and runs when it was bought for."""

from dataclasses import replace

import numpy as np
import pytest
from market_rig import meter_key
from test_home_stages import AHEAD, BAND, STAGES, TOMORROW, TURN, path
from trading_home import market_bus

from hems.bidding.blocks import chosen_starts, limit_micro
from hems.bidding.offers import Offers, offers_from_line, offers_to_line
from hems.control.block_trader import BlockTrader, closing_day
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.stage_trader import StageTrader
from hems.control.transactive_meter import Frame
from hems.planning.planner import Planner
from hems.site.home import ApplianceUnit
from tests.fakes import COMMUNITY, START_S, FakeOutlooks, home, idle, image, slot
from twin.bus import Bus
from wire.codec import encode
from wire.messages import BlockAward, Order, OrderStep, Receipt, Side
from wire.signing import seal

WASHER = ApplianceUnit(id="washer", quarter_hour_kw=(2.0, 1.0), earliest_hour=10.0, latest_end_hour=14.0)
NOW_S = START_S + 1_440  # the turn of the day-ahead gate at 08:30
DONE = image({"washer": idle(done_today=True)})
BOUGHT = TOMORROW + 44  # 11:00 tomorrow


def washing_home(unit: ApplianceUnit = WASHER) -> EnergyManager:
    return EnergyManager(home(unit), FakeOutlooks(base_kw=0.2), settings=Settings(horizon_slots=16))


def offers_of(manager: EnergyManager, bus: Bus) -> Offers:
    view = bus.meters["home-1"].view
    manager.prepare(NOW_S, TURN, DONE, view)
    offers = StageTrader(blocks=BlockTrader(0, Planner())).offers(NOW_S, manager, view)
    return offers_from_line(offers_to_line(offers)) if offers.blocks else offers


def market() -> Bus:
    bus = market_bus(STAGES, 2)
    bus.step(NOW_S)
    bus.meters["home-1"].view.learn(path(*[500] * 192))
    return bus


def sell(bus: Bus, *at: int) -> None:
    """Member 2 offers plenty in some slots of tomorrow."""
    for number in at:
        order = Order(
            community=COMMUNITY,
            meter="home-2",
            stage="day_ahead",
            slot=slot(number).label,
            sequence=1,
            steps=(OrderStep(side=Side.SELL, price_micro_per_kwh=120_000, energy_wh=1_000),),
            sent_at=slot().label,
        )
        frame = Frame(order.kind, seal(meter_key(2), order.kind, COMMUNITY, encode(order)))
        assert all(isinstance(out.message, Receipt) for out in bus.to_broker([("home-2", frame)], NOW_S))


def test_of_the_starts_that_a_home_bids_for_the_market_takes_one_and_the_home_follows_it() -> None:
    bus, manager = market(), washing_home()
    meter, offers = bus.meters["home-1"], offers_of(manager, bus)
    assert 1 < len(offers.blocks) <= 6 and len({block.group for block in offers.blocks}) == 1
    (wanted,) = [block for block in offers.blocks if block.first == slot(TOMORROW + 41)]
    sent = bus.to_broker([("home-1", frame) for frame in meter.offers(offers, NOW_S)], NOW_S)
    assert [type(out.message) for out in sent] == [Receipt] * len(offers.blocks)
    sell(bus, TOMORROW + 41, TOMORROW + 42)
    awards = [o.message for o in bus.step(START_S + 1_800) if isinstance(o.message, BlockAward)]
    assert [a.block for a in awards if a.accepted_permille] == [wanted.name]
    assert [meter.view.position_wh(slot(TOMORROW + 40 + k)) for k in range(4)] == [0, 500, 250, 0]
    morning, at_s = slot(TOMORROW + 36), slot(TOMORROW + 36).start_s - 400
    fresh = image({"washer": idle()}, at_s=at_s)
    for view, start in ((None, 4), (meter.view, 5)):
        planning = washing_home()
        planning.prepare(at_s, morning, fresh, view)
        assert planning.plan is not None and planning.plan.status == "optimal"
        assert np.flatnonzero(planning.plan.devices["washer"].power_kw)[0] == start


def test_no_block_is_sent_where_none_can_be_taken_or_nothing_is_to_run() -> None:
    sealed = AHEAD.model_copy(update={"sealed": True})
    other = AHEAD.model_copy(update={"mechanism": "pay_as_bid"})
    calendar = market().meters["home-1"].view.calendar
    assert calendar is not None and closing_day(calendar, TURN) is not None
    for changed in ({"blocks_max": 0}, {"stages": (sealed,)}, {"stages": (other,)}, {"stages": STAGES[1:]}):
        assert closing_day(calendar.model_copy(update=changed), TURN) is None
    assert closing_day(calendar, TURN.shifted(1)) is None
    assert not offers_of(washing_home(replace(WASHER, latest_end_hour=10.25)), market()).blocks
    pending = washing_home(replace(WASHER, earliest_hour=20.0, latest_end_hour=24.0))
    bus = market()
    pending.prepare(NOW_S, TURN, image({"washer": idle()}), bus.meters["home-1"].view)
    offers = StageTrader(blocks=BlockTrader(0, Planner())).offers(NOW_S, pending, bus.meters["home-1"].view)
    assert {code for _, code, _ in offers.reasons} <= {"block_order", "block_none"}
    long_name = offers_of(washing_home(replace(WASHER, id="w" * 60)), market())
    assert not long_name.blocks and "room for a name" in long_name.block_words[0][1]


def test_the_limit_is_what_the_run_would_cost_otherwise_inside_the_band() -> None:
    assert limit_micro(1.2, 1.0, 1_000, 10_000, BAND) == 190_000
    assert limit_micro(2.0, 1.0, 1_000, 0, BAND) == BAND.retail_micro
    assert limit_micro(1.05, 1.0, 1_000, 0, BAND) is None
    assert chosen_starts([3, 4, 5, 6], [0.2, 0.1, 0.1, 0.3], 2) == [4, 5]


def test_spoilt_blocks_are_refused_by_the_home_link() -> None:
    line = offers_to_line(offers_of(washing_home(), market()))
    assert line["blocks"] and offers_from_line(line).blocks
    for spoilt in ([["a", "b"], [0, 15], 1, []], [["a", "b", 3], [0, 15], 1, []], [["a", "b", "c"], [0], 1, []], 5):
        with pytest.raises(ValueError):
            offers_from_line(line | {"blocks": [spoilt]})
