"""What a home shows of itself, as values: flows, the past, what was spent, money with and without the community."""

from itertools import pairwise
from pathlib import Path

import pytest
from golden_messages import GOLDEN
from house_samples import AT_S, HOME, image
from hypothesis import given
from hypothesis import strategies as st

from hems.app.spending import SpentBook
from hems.control.house_view.market_day import OwnOrder, market_rounds
from hems.control.house_view.money import SettledPart, Sum, by_day, settled_part, settled_slots
from hems.control.house_view.notices import Contact, NoticeCode, notices
from hems.control.house_view.now import now_view
from hems.control.house_view.spent import GAP_S_MAX, Spending
from hems.control.house_view.trace import KEPT_S, Trace
from hems.control.household.overrides import Override
from hems.io.edge_store import EdgeStore
from hems.metering.reading import Reading
from wire.messages import Clearing, OrderStep, Settlement, SettlementItem, SettlementLine, Side

POWER = st.floats(-12_000, 12_000, allow_nan=False)


@given(POWER, POWER, POWER, st.floats(-12_000, 0), st.floats(0, 4000))
def test_what_flows_in_flows_out_whatever_the_meters_say(
    grid: float, battery: float, car: float, roof: float, living: float
) -> None:
    seen = image(grid_w=grid, battery=battery, car=car, roof=roof, living=living)
    view = now_view(HOME, seen, None)
    total_in, total_out = (sum(flow.kw for flow in flows) for flows in (view.sources, view.sinks))
    assert abs(total_in - total_out) < 0.11  # small flows are not drawn, small differences not named
    assert all(flow.kw > 0 for flow in (*view.sources, *view.sinks))


def test_kettle_on_means_more_from_the_grid_and_into_the_house() -> None:
    off, on = now_view(HOME, image(grid_w=300, roof=0), None), now_view(HOME, image(grid_w=2300, roof=0), None)
    assert [(f.kind, round(f.kw, 2)) for f in off.sources] == [("grid", 0.3)]
    assert [(f.kind, round(f.kw, 2)) for f in on.sources] == [("grid", 2.3)]
    assert [(f.kind, round(f.kw, 2)) for f in on.sinks] == [("house", 2.3)]


def test_a_device_that_does_not_answer_is_there_without_a_power_and_with_its_override() -> None:
    wish = Override(device="car", action="on", power_kw=None, until_s=AT_S + 60, by="page", since_s=AT_S)
    view = now_view(HOME, image(roof=-500), None, (wish,))
    by_name = {device.name: device for device in view.devices}
    assert by_name["car"].kw is None and by_name["car"].override == wish
    assert by_name["roof"].kw == -0.5 and by_name["roof"].override is None


def test_the_past_is_means_of_slots_and_ends_after_six_hours() -> None:
    trace = Trace(15)
    for k in range(0, 8 * 3600, 300):
        trace.sample(image(at_s=AT_S + k, grid_w=float(k), roof=-1000.0))
    slots = trace.slots()
    assert slots[-2].grid_kw == (8 * 3600 - 1800 + 8 * 3600 - 1500 + 8 * 3600 - 1200) / 3 / 1000
    assert slots[0].start_s >= AT_S + 8 * 3600 - 900 - KEPT_S
    assert all(b.start_s - a.start_s == 900 for a, b in pairwise(slots))
    assert slots[-1].device_kw == {"roof": -1.0}


def test_spending_is_power_times_time_at_the_price_of_the_slot() -> None:
    spending = Spending(15)
    for k in range(0, 900, 20):
        assert spending.sample(image(at_s=AT_S + k, grid_w=2000), 0.3, 0.1) is None
    ended = spending.sample(image(at_s=AT_S + 900, grid_w=-1000), 0.5, 0.1)
    assert ended is not None and ended.start_s == AT_S
    assert abs(ended.import_kwh - 0.5) < 1e-9 and ended.export_kwh == 0
    assert abs(ended.cost - 0.3 * 0.5) < 1e-9
    spending.sample(image(at_s=AT_S + 1000, grid_w=-1000), 0.5, 0.1)
    running = spending.running()
    assert running is not None and running.import_kwh == 0.0 and abs(running.cost + 0.1 * 100 / 3600) < 1e-9


def test_nobody_guesses_what_flowed_in_a_long_silence() -> None:
    spending = Spending(15)
    spending.sample(image(at_s=AT_S, grid_w=9000), 0.3, 0.1)
    spending.sample(image(at_s=AT_S + GAP_S_MAX + 1, grid_w=9000), 0.3, 0.1)
    running = spending.running()
    assert running is not None and running.import_kwh == 0.0


def _read(at_s: int, import_wh: int, export_wh: int = 0) -> Reading:
    return Reading(at_epoch_s=at_s, power_w=0, import_wh=import_wh, export_wh=export_wh)


def test_registers_count_what_the_power_between_two_looks_does_not_show() -> None:
    spending = Spending(15)
    spending.sample(image(at_s=AT_S, grid_w=0), 0.3, 0.1, _read(AT_S, 1000, 500))
    spending.sample(image(at_s=AT_S + 20, grid_w=0), 0.3, 0.1, _read(AT_S + 20, 1400, 600))
    running = spending.running()
    assert running is not None
    assert (running.import_kwh, running.export_kwh) == (0.4, 0.1)
    assert abs(running.cost - (0.4 * 0.3 - 0.1 * 0.1)) < 1e-9


def test_registers_are_shared_at_a_slot_s_end_and_tell_a_long_silence_in_full() -> None:
    spending = Spending(15)
    spending.sample(image(at_s=AT_S + 890, grid_w=0), 0.3, 0.1, _read(AT_S + 890, 0))
    ended = spending.sample(image(at_s=AT_S + 910, grid_w=0), 0.3, 0.1, _read(AT_S + 910, 10))
    running = spending.running()
    assert ended is not None and running is not None
    assert (ended.import_kwh, running.import_kwh) == (0.005, 0.005)
    late_s = AT_S + 910 + 3 * 3600
    ended = spending.sample(image(at_s=late_s, grid_w=0), 0.3, 0.1, _read(late_s, 3010))
    running = spending.running()
    assert ended is not None and running is not None
    assert (ended.import_kwh, running.import_kwh) == (0.005, 3.0)


def test_a_meter_that_was_changed_is_counted_by_its_power() -> None:
    spending = Spending(15)
    spending.sample(image(at_s=AT_S, grid_w=3600), 0.3, 0.1, _read(AT_S, 9000))
    spending.sample(image(at_s=AT_S + 10, grid_w=3600), 0.3, 0.1, _read(AT_S + 10, 10))
    running = spending.running()
    assert running is not None and abs(running.import_kwh - 0.01) < 1e-9


def test_a_restart_and_a_clock_that_was_set_back_count_on_in_the_same_slot(tmp_path: Path) -> None:
    def seen(book: SpentBook, at_s: int, import_wh: int) -> None:
        book.measured(image(at_s=at_s, grid_w=0), _read(at_s, import_wh))

    store = EdgeStore(tmp_path / "ems.db")
    book = SpentBook(store, 15, lambda _: (0.5, 0.1))
    seen(book, AT_S, 0)
    seen(book, AT_S + 60, 100)
    again = SpentBook(store, 15, lambda _: (0.5, 0.1))
    seen(again, AT_S + 120, 200)
    seen(again, AT_S + 180, 300)
    assert [one.import_kwh for one in again.slots(0)] == [0.2]
    seen(again, AT_S + 900, 300)
    seen(again, AT_S + 200, 300)
    seen(again, AT_S + 210, 400)
    assert [round(one.import_kwh, 9) for one in again.slots(0)] == [0.3, 0.0]
    assert round(again.slots(AT_S)[0].cost, 9) == 0.15
    store.close()


@pytest.mark.parametrize(("stopped_after_s", "slots"), [(900, 1), (901, 2)])
def test_a_home_that_stops_at_the_start_of_a_slot_stores_no_slot_of_nothing(
    tmp_path: Path, stopped_after_s: int, slots: int
) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    book = SpentBook(store, 15, lambda _: (0.5, 0.1))
    for at_s in (AT_S, AT_S + 890, AT_S + stopped_after_s):
        book.measured(image(at_s=at_s, grid_w=0), _read(at_s, 1000))
    book.keep()
    assert [one.start_s for one in store.spent(0)] == [AT_S, AT_S + 900][:slots]
    store.close()


def test_a_home_that_stops_after_one_look_has_counted_nothing(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    book = SpentBook(store, 15, lambda _: (0.5, 0.1))
    book.measured(image(at_s=AT_S + 100, grid_w=500), _read(AT_S + 100, 1000))
    book.keep()
    assert store.spent(0) == []
    book.measured(image(at_s=AT_S + 160, grid_w=500), _read(AT_S + 160, 1000))
    book.keep()
    assert [one.start_s for one in store.spent(0)] == [AT_S]
    store.close()


def _part(index: int, total: float, metered_wh: int, charges: float = 0.0) -> SettledPart:
    return SettledPart(
        start_s=AT_S,
        log_index=index,
        total_nano=round(total * 1e9),
        charges_nano=round(charges * 1e9),
        metered_wh=metered_wh,
        award_wh=500,
    )


def test_a_correction_adds_to_the_bill_and_replaces_what_was_metered() -> None:
    parts = [_part(9, -0.05, 2000), _part(4, 0.5, 1000, charges=0.1)]
    (one,) = settled_slots(parts, lambda _: (0.4, 0.1)).values()
    assert round(one.bill, 9) == 0.45 and round(one.alone, 9) == 0.8
    assert round(one.saved, 9) == round(0.8 - (0.45 - 0.1), 9)


def test_alone_energy_that_is_given_earns_the_feed_in_price() -> None:
    (one,) = settled_slots([_part(1, -0.3, -2000)], lambda _: (0.4, 0.1)).values()
    assert round(one.alone, 9) == -0.2 and round(one.saved, 9) == 0.1


def test_a_settled_slot_is_not_counted_a_second_time_as_spent() -> None:
    spending = Spending(15)
    spending.sample(image(at_s=AT_S, grid_w=2000), 0.3, 0.1)
    spending.sample(image(at_s=AT_S + 60, grid_w=2000), 0.3, 0.1)
    running = spending.running()
    assert running is not None
    settled = {AT_S: Sum(bill=1.0, settled=1)}
    assert by_day(settled, [running], HOME.local_day) == {HOME.local_day(AT_S): Sum(bill=1.0, settled=1)}
    assert by_day({}, [running], HOME.local_day)[HOME.local_day(AT_S)].spent > 0


def test_network_charges_levies_and_taxes_are_told_apart_even_in_corrections() -> None:
    def line(item: SettlementItem, nano: int, of: SettlementItem | None = None) -> SettlementLine:
        return SettlementLine(
            item=item, of=of, label=None, energy_wh=0, price_micro_per_kwh=None, base_nano=None, amount_nano=nano
        )

    lines = (
        line(SettlementItem.AWARD, 100),
        line(SettlementItem.TAX, 20),
        line(SettlementItem.CORRECTION, 5, SettlementItem.LEVY),
        line(SettlementItem.CORRECTION, 7, SettlementItem.AWARD),
    )
    message = Settlement(
        community="c", meter="h7", slot="2026-11-28T14:00:00Z", quality="measured", award_wh=0, metered_wh=1,
        lines=lines, total_nano=132, log_index=1, salt="00" * 32, corrects=None, note=None,
    )  # fmt: skip
    part = settled_part(message)
    assert (part.total_nano, part.charges_nano, part.start_s) == (132, 25, AT_S)


def test_an_order_of_another_stage_is_not_shown_as_this_rounds() -> None:
    (clearing,) = (message for message in GOLDEN if isinstance(message, Clearing))
    step = OrderStep(side=Side.BUY, price_micro_per_kwh=1, energy_wh=1)
    for stage, asked in ((clearing.stage, 1), ("other", 0)):
        orders = {clearing.slot: OwnOrder(stage=stage, steps=(step,))}
        (one,) = market_rounds([clearing], {}, orders)
        assert len(one.asked) == asked and one.bought_kwh is None


def test_notices_say_what_is_the_matter_most_important_first() -> None:
    view = now_view(HOME, image(roof=-500), None)
    found = notices(
        AT_S,
        view,
        contact=Contact(trades=True, is_linked=False, findings=("gate: an order is missing",)),
        silent_since_s=AT_S - 60,
        slot_s=900,
        mode="away",
    )
    assert [notice.code for notice in found] == [
        NoticeCode.METER_SILENT,
        NoticeCode.METER_PROCESS_AWAY,
        NoticeCode.AUDIT,
        NoticeCode.DEVICE_SILENT,
        NoticeCode.MODE,
    ]
    assert found[3].names == ("battery", "car", "living")


def test_a_home_without_a_market_misses_nothing_and_one_with_it_the_community_after_three_slots() -> None:
    def codes(contact: Contact) -> list[NoticeCode]:
        found = notices(AT_S, None, contact=contact, silent_since_s=None, slot_s=900)
        return [notice.code for notice in found]

    assert codes(Contact()) == []
    assert codes(Contact(trades=True, is_linked=True, heard_s=AT_S - 2700)) == []
    assert codes(Contact(trades=True, is_linked=True, heard_s=AT_S - 2701)) == [NoticeCode.COMMUNITY_SILENT]


@given(st.lists(st.tuples(st.integers(1, GAP_S_MAX), st.integers(-9000, 9000)), min_size=1, max_size=40))
def test_no_energy_is_lost_or_counted_twice_at_the_ends_of_slots(steps: list[tuple[int, int]]) -> None:
    spending, at_s, net_ws, ended = Spending(5), AT_S, 0, []
    spending.sample(image(at_s=at_s, grid_w=steps[0][1]), 0.3, 0.1)
    for (pause_s, grid_w), following in zip(steps, [*steps[1:], (1, 0)], strict=True):
        at_s += pause_s
        net_ws += grid_w * pause_s
        ended += [spending.sample(image(at_s=at_s, grid_w=following[1]), 0.3, 0.1)]
    counted = [slot for slot in (*ended, spending.running()) if slot is not None]
    assert abs(sum(slot.import_kwh - slot.export_kwh for slot in counted) - net_ws / 3.6e6) < 1e-9
    assert len({slot.start_s for slot in counted}) == len(counted)
