"""The verdict on a meter from a row of looks at it."""

import pytest

from hems.metering.meter_check import CLAMPS, POWER_SIGN, Sample, checked, kettle_step_w
from hems.metering.reading import Reading, ReadingQuality

T0 = 1_800_000_000


def looks(
    powers: list[int],
    imports: list[int],
    exports: list[int],
    *,
    every_s: int = 1,
    age_s: int = 0,
    **more: ReadingQuality,
) -> list[Sample]:
    rows = zip(powers, imports, exports, strict=True)
    return [
        Sample(
            at_s=float(T0 + i * every_s + age_s),
            reading=Reading(at_epoch_s=T0 + i * every_s, power_w=p, import_wh=a, export_wh=b, **more),
        )
        for i, (p, a, b) in enumerate(rows)
    ]


STILL = [0] * 20


def test_a_kettle_that_raises_the_power_is_the_right_sign_and_a_good_meter() -> None:
    result = checked(looks([300] * 8 + [2300] * 12, [1000 + i for i in range(20)], STILL))
    assert (result.verdict, result.sign, result.to_do) == ("good", "right", ())
    assert (result.power_w, result.power_min_w, result.power_max_w) == (2300, 300, 2300)
    assert (result.readings, result.interval_s, result.age_s, result.gap_s) == (20, 1, 0, 1)


def test_a_kettle_that_lowers_the_power_is_a_wrong_sign_and_the_registers_tell_what_to_turn() -> None:
    powers = [-300] * 8 + [-2300] * 12
    only_power = checked(looks(powers, [1000 + i for i in range(20)], STILL))
    clamps = checked(looks(powers, STILL, [1000 + i for i in range(20)]))
    assert (only_power.verdict, only_power.sign, only_power.to_do) == ("not usable", "wrong", (POWER_SIGN,))
    assert (clamps.verdict, clamps.sign, clamps.to_do) == ("not usable", "wrong", (CLAMPS,))


def test_without_a_kettle_the_registers_tell_the_sign() -> None:
    counts = [1000 + i for i in range(20)]
    assert checked(looks([900] * 20, counts, STILL)).sign == "right"
    assert checked(looks([-900] * 20, STILL, counts)).sign == "right"
    assert checked(looks([900] * 20, STILL, counts)).sign == "wrong"
    assert checked(looks([50] * 20, STILL, STILL)).sign == "unknown"


@pytest.mark.parametrize(
    ("powers", "step"),
    [
        ([300] * 8 + [2300] * 4, 2000),
        ([300] * 8 + [2300] * 2 + [300] * 4, None),  # too short: a fridge starting
        ([300] * 8 + [9300] * 4, None),  # more than a kettle: a car
        ([300] * 5, None),
        ([300, 310, 290, 2300, 300, 300] + [1500] * 3, 1200),
    ],
)
def test_a_kettle_is_a_steady_step_of_its_size(powers: list[float], step: float | None) -> None:
    assert kettle_step_w(powers) == step


def test_integrated_energy_is_usable_and_said_to_be_second_best() -> None:
    result = checked(looks([300] * 8 + [2300] * 12, STILL, STILL, quality=ReadingQuality.ESTIMATED))
    assert result.verdict == "usable"
    assert any("settlement on them is second best" in item for item in result.to_do)


def test_slow_and_old_values_are_told() -> None:
    counts = [1000 + 5 * i for i in range(20)]
    result = checked(looks([300] * 8 + [2300] * 12, counts, STILL, every_s=40, age_s=70))
    assert result.verdict == "usable"
    assert any("only every 40 s" in item for item in result.to_do)
    assert any("70 s old" in item for item in result.to_do)


def test_a_silent_meter_is_not_usable_and_its_trouble_is_told_once() -> None:
    samples = [Sample(at_s=float(T0 + i), reading=None, trouble="nothing came on a/b") for i in range(3)]
    result = checked(samples)
    assert (result.verdict, result.missed, result.to_do) == ("not usable", 3, ("nothing came on a/b",))
