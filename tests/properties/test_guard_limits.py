"""The guard, for any command in any state: inside every device, never worse for the connection, never larger."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.dispatch.guard import ROUNDING_KW, Guarded, Limits, device_range_kw, guard, least_kw
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, Home, LightingUnit, PvUnit, Unit, ZoneUnit
from tests.fakes import START_S, ZONE, home

KW = st.floats(-25.0, 25.0)
NO_NUMBER = st.sampled_from([math.nan, math.inf, -math.inf])
SIZE_KW = st.floats(0.1, 12.0)
NO_LIMITS = Limits(import_kw=1e9, export_kw=1e9)
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Case:
    home: Home
    image: SiteImage
    wanted_kw: dict[str, float]
    limits: Limits

    def guarded(self, limits: Limits | None = None) -> Guarded:
        return guard(self.wanted_kw, self.home, self.image, limits or self.limits)

    def net_kw(self, powers_kw: dict[str, float]) -> float:
        others = sum(d.power_w for i, d in self.image.devices.items() if i not in powers_kw)
        return (self.image.base_load_w + others) / 1000.0 + sum(powers_kw.values())

    def excess_kw(self, powers_kw: dict[str, float]) -> float:
        net = self.net_kw(powers_kw)
        return max(0.0, net - self.limits.import_kw, -net - self.limits.export_kw)

    def stopped_kw(self, before_kw: dict[str, float], after_kw: dict[str, float]) -> float:
        """The least powers of those that were stopped."""
        return sum(
            least_kw(unit)
            for unit in self.home.units
            if before_kw.get(unit.id, 0.0) > 0.0 and after_kw[unit.id] == 0.0
        )


@st.composite
def unit(draw: st.DrawFn, name: str) -> Unit:
    size = draw(SIZE_KW)
    least = size * draw(st.sampled_from([0.0, 0.3, 1.0]))
    kinds: list[Unit] = [
        PvUnit(id=name),
        BatteryUnit(
            id=name, capacity_kwh=8.0, charge_kw_max=size, discharge_kw_max=size / 2, soc_min=0.1, soc_max=0.9
        ),
        EvUnit(id=name, charge_kw_max=size, charge_kw_min=least),
        ZoneUnit(
            id=name,
            mode="heat",
            electric_kw_max=size,
            electric_kw_min=least,
            cop=3.0,
            thermal_capacity_kwh_per_k=3.0,
            thermal_resistance_k_per_kw=5.0,
            comfort=ZONE.comfort,
        ),
        LightingUnit(id=name, rated_kw=size, lux_at_rated=500.0, required_lux=500.0),
        ApplianceUnit(id=name, quarter_hour_kw=(0.1, size, 0.2)),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def seen(draw: st.DrawFn) -> DeviceImage:
    return DeviceImage(
        power_w=draw(st.floats(-9000.0, 9000.0)),
        available_w=draw(st.none() | st.floats(0.0, 9000.0)),
        soc=draw(st.none() | st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])),
        stay=draw(st.none() | st.just(Stay(energy_needed_wh=100, departure_s=START_S + 9000))),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = draw(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=6))
    units = [draw(unit(name)) for name in names]
    devices = {name: draw(seen()) for name in names if draw(st.booleans()) or draw(st.booleans())}
    known = names + draw(st.sampled_from([[], ["stranger"]]))
    return Case(
        home=home(*units),
        image=SiteImage(at_s=START_S, grid_w=draw(st.floats(-30_000.0, 30_000.0)), devices=devices),
        wanted_kw={name: draw(KW | NO_NUMBER) for name in known if draw(st.booleans())},
        limits=Limits(import_kw=draw(st.floats(0.0, 20.0)), export_kw=draw(st.floats(0.0, 20.0))),
    )


@given(cases())
def test_every_power_lies_inside_its_device(case: Case) -> None:
    units = {unit.id: unit for unit in case.home.units}
    made = case.guarded().power_kw
    assert set(made) == set(case.wanted_kw) & set(units)
    for i, kw in made.items():
        low, high = device_range_kw(units[i], case.image.devices.get(i))
        assert low <= kw <= high


@given(cases())
def test_a_command_only_ever_gets_smaller_and_never_turns(case: Case) -> None:
    for i, kw in case.guarded().power_kw.items():
        wanted = case.wanted_kw[i]
        if math.isfinite(wanted):
            assert abs(kw) <= abs(wanted)
            assert kw * wanted >= 0.0


@given(cases())
def test_what_is_no_number_never_passes_and_is_named(case: Case) -> None:
    made = case.guarded()
    for i, kw in made.power_kw.items():
        assert math.isfinite(kw)
        if not math.isfinite(case.wanted_kw[i]):
            assert (kw, made.changed[i]) == (0.0, "no_number")


@given(cases())
def test_a_device_takes_nothing_or_at_least_what_it_can_run_with(case: Case) -> None:
    units = {unit.id: unit for unit in case.home.units}
    assert all(kw <= 0.0 or kw >= least_kw(units[i]) - ROUNDING_KW for i, kw in case.guarded().power_kw.items())


@given(cases())
def test_the_connection_is_exceeded_more_than_by_the_commands_only_by_what_cannot_run_slower(case: Case) -> None:
    within_devices, made = case.guarded(NO_LIMITS).power_kw, case.guarded().power_kw
    assert case.net_kw(made) <= max(case.net_kw(within_devices), case.limits.import_kw) + TINY
    assert case.excess_kw(made) <= case.excess_kw(within_devices) + case.stopped_kw(within_devices, made) + TINY


@given(cases())
def test_the_connection_holds_whenever_giving_less_or_charging_less_can_achieve_it(case: Case) -> None:
    yields = (EvUnit, BatteryUnit, ZoneUnit)
    units = {unit.id: unit for unit in case.home.units}
    free, made = case.guarded(NO_LIMITS).power_kw, case.guarded().power_kw
    least = case.net_kw({i: min(kw, 0.0) if isinstance(units[i], yields) else kw for i, kw in free.items()})
    most = case.net_kw({i: max(kw, 0.0) for i, kw in free.items()})
    if case.net_kw(free) > case.limits.import_kw:
        reached = max(least, case.limits.import_kw)
        assert reached - case.stopped_kw(free, made) - 1e-6 <= case.net_kw(made) <= reached + 1e-6
    elif -case.net_kw(free) > case.limits.export_kw:
        assert case.net_kw(made) == pytest.approx(min(most, -case.limits.export_kw), abs=1e-6)
    else:
        assert made == free


@given(cases())
def test_what_is_changed_is_named_and_nothing_else(case: Case) -> None:
    made = case.guarded()
    assert set(made.changed) == {i for i, kw in made.power_kw.items() if kw != case.wanted_kw[i]}
    assert set(made.changed.values()) <= {"device_limit", "grid_limit", "no_number"}


@given(cases())
def test_guarding_twice_changes_nothing_more(case: Case) -> None:
    once = case.guarded().power_kw
    again = guard(once, case.home, case.image, case.limits).power_kw
    assert again == pytest.approx(once, abs=1e-6)


@given(cases(), st.sets(st.sampled_from("abcdefg")))
def test_what_does_not_follow_counts_with_what_is_worse_until_nothing_is_left_to_take_away(
    case: Case, distrusted: set[str]
) -> None:
    marked = {name: replace(device, follows=name not in distrusted) for name, device in case.image.devices.items()}
    image = replace(case.image, devices=marked)
    made = guard(case.wanted_kw, case.home, image, case.limits).power_kw
    units = {unit.id: unit for unit in case.home.units}
    others_kw = image.base_load_w + sum(d.power_w for i, d in marked.items() if i not in made)

    def net_kw(worse: Callable[[float, float], float]) -> float:
        counted = (
            kw if i not in marked or marked[i].follows else worse(kw, marked[i].power_w / 1000.0)
            for i, kw in made.items()
        )
        return others_kw / 1000.0 + sum(counted)

    if net_kw(max) > case.limits.import_kw + TINY:
        assert not any(kw > 0 and isinstance(units[i], EvUnit | BatteryUnit | ZoneUnit) for i, kw in made.items())
    if -net_kw(min) > case.limits.export_kw + TINY:
        assert not any(kw < 0 for kw in made.values())
