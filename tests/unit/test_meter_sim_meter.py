"""The meter's firmware: energy, intervals, clock, loss of power, tamper, registers."""

import json

import pytest

from meter_firmware_sim.image import meter_image
from meter_firmware_sim.memory import MemoryMismatch, boot, to_memory
from meter_firmware_sim.meter import Meter, MeterConfig
from wire.registers import IntervalFlags, MarketTerms, MeterFlags, decode
from wire.registers.chain import body, walk
from wire.registers.history import EventCode, decode_events, decode_intervals

T0 = 1_800_000_000  # a quarter of an hour begins here


def model_words(meter: Meter, model_id: int) -> list[int]:
    words = meter_image(meter)
    layout = walk(words)
    span = layout.span(model_id)
    assert span is not None
    return list(body(words, layout, span))


def terms(sequence: int, price: int = 250_000) -> MarketTerms:
    return MarketTerms(
        price_micro_per_kwh=price,
        award_wh=-500,
        envelope_import_w=4200,
        envelope_export_w=5000,
        valid_until_epoch_s=T0 + 900,
        sequence=sequence,
    )


def test_kettle_on_raises_power_and_import_and_leaves_export() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 60, (100, 0, 0))
    before = decode(meter_image(meter))
    meter.advance(T0 + 360, (2300, 0, 0))
    after = decode(meter_image(meter))
    assert before.power_w is not None
    assert after.power_w is not None
    assert after.power_w - before.power_w == 2200
    assert (before.import_wh, after.import_wh) == (1, 193)
    assert before.export_wh == after.export_wh == 0


def test_sun_behind_the_meter_is_negative_power_and_counts_as_export() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 3600, (-1000, -1000, -1000))
    reading = decode(meter_image(meter))
    assert (reading.power_w, reading.import_wh, reading.export_wh) == (-3000, 0, 3000)


def test_phases_are_netted_before_they_are_counted() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 3600, (2000, -1500, 0))
    assert (meter.energy.import_wh, meter.energy.export_wh) == (500, 0)


def test_remainders_below_one_wh_are_never_lost() -> None:
    meter = Meter(MeterConfig(), T0)
    for second in range(1, 3601):
        meter.advance(T0 + second, (1, 0, 0))
    assert meter.energy.import_wh == 1


def test_interval_holds_the_difference_of_the_registers() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 900, (1001, 0, 0))
    meter.advance(T0 + 2000, (-3, 0, 0))
    records = decode_intervals(model_words(meter, 64851))
    assert [(r.start_epoch_s, r.import_wh, r.export_wh, r.flags) for r in records] == [
        (T0, 250, 0, IntervalFlags.NONE),
        (T0 + 900, 0, 0, IntervalFlags.NONE),
    ]


def test_first_interval_that_began_before_the_meter_is_partial() -> None:
    meter = Meter(MeterConfig(), T0 + 100)
    meter.advance(T0 + 1000, (1000, 0, 0))
    assert meter.intervals.last is not None
    assert meter.intervals.last.flags is IntervalFlags.PARTIAL


def test_203_rolls_over_while_the_block_counts_on() -> None:
    meter = Meter(MeterConfig(import_start_wh=(1 << 32) - 1), T0)
    meter.advance(T0 + 3600, (2, 0, 0))
    words = model_words(meter, 203)
    assert words[46] << 16 | words[47] == 1
    assert decode(meter_image(meter)).import_wh == (1 << 32) + 1


def test_64_bit_register_rolls_over_and_the_interval_stays_right() -> None:
    meter = Meter(MeterConfig(import_start_wh=(1 << 64) - 10), T0)
    meter.advance(T0 + 900, (100, 0, 0))
    assert meter.energy.import_wh == 15
    assert meter.intervals.last is not None
    assert meter.intervals.last.import_wh == 25


def test_clock_gains_what_its_drift_says_and_closes_intervals_by_itself() -> None:
    meter = Meter(MeterConfig(drift_ppm=1000), T0)
    meter.advance(T0 + 899, (1000, 0, 0))
    assert meter.intervals.last is None
    meter.advance(T0 + 900, (1000, 0, 0))
    assert meter.intervals.last is not None
    assert meter.intervals.last.import_wh == 249  # closed 0.9 s early: 899.101 s at 1 kW
    meter.advance(T0 + 1000, (0, 0, 0))
    assert meter.clock.epoch_s == T0 + 1001


def test_clock_set_back_marks_the_interval_and_keeps_the_sum() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 1000, (3600, 0, 0))
    meter.set_clock(T0 + 400)
    assert decode(meter_image(meter)).flags is MeterFlags.CLOCK_STEPPED
    meter.advance(T0 + 1000 + 1500, (3600, 0, 0))
    records = decode_intervals(model_words(meter, 64851))
    assert [(r.start_epoch_s, r.import_wh) for r in records] == [(T0, 1400), (T0 + 900, 1000)]
    assert all(r.flags & IntervalFlags.CLOCK_STEPPED for r in records)
    assert sum(r.import_wh for r in records) == meter.intervals.import_at_close_wh == 2400


def test_nothing_is_counted_or_answered_without_power_and_then_it_goes_on() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 100, (3600, 0, 0))
    meter.power_off(50)
    meter.advance(T0 + 120, (3600, 0, 0))
    assert not meter.powered
    meter.advance(T0 + 200, (3600, 0, 0))
    assert meter.powered
    assert (meter.energy.import_wh, meter.boot_count, meter.clock.epoch_s) == (150, 1, T0 + 200)
    assert meter.flags is MeterFlags.POWER_LOST


def test_meter_without_clock_battery_boots_in_1970_and_says_so() -> None:
    meter = Meter(MeterConfig(rtc_battery=False), T0)
    meter.power_off(10)
    meter.advance(T0 + 15, (0, 0, 0))
    reading = decode(meter_image(meter))
    assert reading.meter_clock_epoch_s == 5
    assert reading.flags & MeterFlags.CLOCK_NOT_SET
    meter.set_clock(T0 + 15)
    assert not decode(meter_image(meter)).flags & MeterFlags.CLOCK_NOT_SET


def test_memory_brings_every_register_back_after_a_loss_of_power() -> None:
    config = MeterConfig(import_start_wh=1 << 60)
    meter = Meter(config, T0)
    meter.advance(T0 + 1000, (1234.567, -200, 3))
    meter.set_tamper(True)
    assert meter.write_terms(terms(5))
    kept = json.loads(json.dumps(to_memory(meter)))
    again = boot(config, kept, T0 + 5000)
    assert again.energy == meter.energy
    assert again.intervals.ring[: len(meter.intervals.ring)] != [None] * config.interval_capacity
    assert (again.tampered, again.tamper_count, again.terms) == (True, 1, terms(5))
    assert (again.boot_count, again.clock.epoch_s) == (1, T0 + 5000)
    assert again.events.count == meter.events.count + 1
    again.advance(T0 + 9000, (0, 0, 0))
    total = sum(r.import_wh for r in decode_intervals(model_words(again, 64851)))
    assert total == again.energy.import_wh - config.import_start_wh


def test_memory_of_another_meter_is_refused() -> None:
    kept = to_memory(Meter(MeterConfig(serial="A"), T0))
    with pytest.raises(MemoryMismatch, match="serial"):
        boot(MeterConfig(serial="B"), kept, T0)


def test_opening_the_case_is_flagged_counted_and_logged() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.set_tamper(True)
    meter.set_tamper(True)
    meter.set_tamper(False)
    meter.set_tamper(True)
    events = decode_events(model_words(meter, 64852))
    assert [e.code for e in events] == [
        EventCode.POWER_UP,
        EventCode.TAMPER_OPENED,
        EventCode.TAMPER_CLOSED,
        EventCode.TAMPER_OPENED,
    ]
    assert meter.tamper_count == 2
    assert decode(meter_image(meter)).flags is MeterFlags.TAMPER


def test_event_log_keeps_the_newest_and_their_numbers() -> None:
    meter = Meter(MeterConfig(event_capacity=4), T0)
    for opened in [True, False] * 5:
        meter.set_tamper(opened)
    assert [e.number for e in decode_events(model_words(meter, 64852))] == [7, 8, 9, 10]


def test_older_terms_are_refused_and_the_same_terms_may_be_sent_again() -> None:
    meter = Meter(MeterConfig(), T0)
    assert meter.write_terms(terms(2))
    assert meter.write_terms(terms(2))
    assert not meter.write_terms(terms(1))
    assert not meter.write_terms(terms(2, price=1))
    assert meter.terms == terms(2)


def test_displayed_power_stays_in_its_accuracy_class_and_is_the_same_for_the_same_seed() -> None:
    def shown(seed: int) -> list[int | None]:
        meter = Meter(MeterConfig(accuracy_ppm=10_000, seed=seed), T0)
        powers = []
        for second in range(1, 200):
            meter.advance(T0 + second, (10_000, 0, 0))
            powers.append(decode(meter_image(meter)).power_w)
        return powers

    assert shown(3) == shown(3) != shown(4)
    assert all(power is not None and abs(power - 10_000) <= 100 for power in shown(3))


def test_energy_stays_in_the_accuracy_class() -> None:
    for seed in range(50):
        meter = Meter(MeterConfig(accuracy_ppm=10_000, seed=seed), T0)
        meter.advance(T0 + 3600, (10_000, 0, 0))
        assert abs(meter.energy.import_wh - 10_000) <= 100


def test_power_beyond_the_register_is_no_value_in_203_and_right_in_the_block() -> None:
    meter = Meter(MeterConfig(power_max_w=10_000), T0)
    meter.advance(T0 + 1, (40_000, 0, 0))
    assert model_words(meter, 203)[18] == 0x8000
    assert decode(meter_image(meter)).power_w == 40_000


def test_large_building_uses_a_coarser_scale_factor() -> None:
    meter = Meter(MeterConfig(power_max_w=200_000), T0)
    meter.advance(T0 + 1, (50_000, 50_000, 50_000))
    words = model_words(meter, 203)
    assert words[18] * 10 ** words[22] == 150_000


def test_time_that_goes_backwards_is_refused_and_nothing_changes() -> None:
    meter = Meter(MeterConfig(), T0)
    meter.advance(T0 + 10, (100, 0, 0))
    before = to_memory(meter)
    with pytest.raises(ValueError, match="backwards"):
        meter.advance(T0 + 9, (100, 0, 0))
    with pytest.raises(ValueError, match="three phase powers"):
        meter.advance(T0 + 11, (100,))
    assert to_memory(meter) == before
