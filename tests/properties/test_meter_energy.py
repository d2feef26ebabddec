"""What holds for a meter whatever happens behind it."""

import json
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hems.metering.reading import EnergyBetween, energy_between, register_difference_wh
from meter_firmware_sim.energy import UJ_PER_WH
from meter_firmware_sim.image import meter_image
from meter_firmware_sim.memory import boot, to_memory
from meter_firmware_sim.meter import Meter, MeterConfig
from wire.registers import Reading, decode

T0 = 1_800_000_000
POWERS = st.tuples(*[st.integers(-20_000, 20_000)] * 3)
STEPS = st.lists(st.tuples(st.integers(1, 2_000_000), POWERS), min_size=1, max_size=12)


@dataclass(frozen=True)
class Event:
    """Something that happens to a meter before a step: its kind and an amount."""

    kind: str
    amount: int


EVENTS = st.lists(
    st.builds(Event, kind=st.sampled_from(["none", "clock", "off", "reboot", "swap"]), amount=st.integers(1, 5000)),
    min_size=12,
    max_size=12,
)


def run(steps: list[tuple[int, tuple[int, int, int]]], config: MeterConfig) -> tuple[Meter, list[Reading]]:
    meter = Meter(config, T0)
    readings = [decode(meter_image(meter))]
    now_ms = T0 * 1000
    for elapsed_ms, powers in steps:
        now_ms += elapsed_ms
        meter.advance(now_ms / 1000, powers)
        readings.append(decode(meter_image(meter)))
    return meter, readings


def disturb(meter: Meter, event: Event) -> Meter:
    if event.kind == "clock":
        meter.set_clock(max(0, meter.clock.epoch_s + event.amount - 2500))
    elif event.kind == "off":
        meter.power_off(event.amount)
    elif event.kind == "swap":
        meter.set_sensor(swapped=event.amount % 2 == 0)
    elif event.kind == "reboot":
        return boot(meter.config, json.loads(json.dumps(to_memory(meter))), meter.now_epoch_s)
    return meter


@given(STEPS)
def test_registers_never_decrease_and_only_one_counts_at_a_time(
    steps: list[tuple[int, tuple[int, int, int]]],
) -> None:
    _, readings = run(steps, MeterConfig())
    for (earlier, later), (_, powers) in zip(pairwise(readings), steps, strict=True):
        moved = energy_between(earlier, later)
        assert isinstance(moved, EnergyBetween)
        assert moved.export_wh == 0 if sum(powers) >= 0 else moved.import_wh == 0


@given(STEPS)
def test_register_is_the_exact_energy_rounded_down_once(
    steps: list[tuple[int, tuple[int, int, int]]],
) -> None:
    meter, _ = run(steps, MeterConfig())
    exact_uj = [ms * sum(powers) * 1000 for ms, powers in steps]
    assert meter.energy.import_wh == sum(e for e in exact_uj if e > 0) // UJ_PER_WH
    assert meter.energy.export_wh == -sum(e for e in exact_uj if e < 0) // UJ_PER_WH


@given(STEPS, EVENTS, st.integers(-1000, 1000), st.integers(0, (1 << 64) - 1))
def test_interval_energies_sum_to_the_register_difference(
    steps: list[tuple[int, tuple[int, int, int]]], events: list[Event], drift_ppm: int, start_wh: int
) -> None:
    config = MeterConfig(
        interval_capacity=100_000, slot_s=300, drift_ppm=drift_ppm, import_start_wh=start_wh, accuracy_ppm=10_000
    )
    meter = Meter(config, T0)
    for (elapsed_ms, powers), event in zip(steps, events, strict=False):
        meter = disturb(meter, event)
        meter.advance(meter.now_epoch_s + elapsed_ms / 1000, powers)
    closed = [record for record in meter.intervals.ring if record is not None]
    assert sum(r.import_wh for r in closed) == (meter.intervals.import_at_close_wh - start_wh) % (1 << 64)
    assert sum(r.export_wh for r in closed) == meter.intervals.export_at_close_wh


@given(STEPS, st.integers(1, 999))
def test_smaller_steps_count_the_same_energy(
    steps: list[tuple[int, tuple[int, int, int]]], part_permille: int
) -> None:
    once, _ = run(steps, MeterConfig(drift_ppm=37, accuracy_ppm=10_000))
    split = []
    for elapsed_ms, powers in steps:
        first = elapsed_ms * part_permille // 1000
        split += [(first, powers), (elapsed_ms - first, powers)]
    twice, _ = run(split, MeterConfig(drift_ppm=37, accuracy_ppm=10_000))
    assert once.energy == twice.energy
    assert once.intervals.ring == twice.intervals.ring


@given(st.integers(0, (1 << 64) - 1), st.lists(st.integers(0, 1 << 40), min_size=1, max_size=20))
def test_register_differences_telescope_over_any_roll_over(start: int, moved: list[int]) -> None:
    for modulus in (1 << 32, 1 << 64):
        registers = [start % modulus]
        for amount in moved:
            registers.append((registers[-1] + amount % (modulus // 2)) % modulus)
        differences = [register_difference_wh(a, b, modulus) for a, b in pairwise(registers)]
        assert differences == [amount % (modulus // 2) for amount in moved]


@given(st.integers(1, 1 << 31), st.integers(0, 1 << 31))
def test_register_that_falls_is_no_energy(fall: int, before: int) -> None:
    assert register_difference_wh(before + fall, before, 1 << 64) is None
    assert register_difference_wh(before + fall, before, None) is None
