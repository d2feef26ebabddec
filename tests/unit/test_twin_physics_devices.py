"""Device physics: hand-computed steps, impossible commands, energy that adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics import appliance, battery, ev, lighting, zone
from twin.physics.appliance import Appliance, ApplianceState
from twin.physics.battery import Battery, BatteryState
from twin.physics.ev import Charger, EvState, Session
from twin.physics.lighting import Lighting, LightingState
from twin.physics.zone import Zone, ZoneState

BATTERY = Battery(
    capacity_kwh=10.0,
    charge_kw_max=5.0,
    discharge_kw_max=4.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
    soc_min=0.1,
    soc_max=0.95,
)
SLOTS_H = st.sampled_from([1 / 12, 0.25, 0.5, 1.0])
COMMANDS = st.lists(st.floats(-20, 20), min_size=1, max_size=40)


def test_battery_charges_and_discharges_with_its_losses() -> None:
    charged, power_kw = battery.step(BatteryState(energy_kwh=5.0), 4.0, 0.5, BATTERY)
    assert (power_kw, charged.energy_kwh) == (4.0, pytest.approx(6.8))
    discharged, power_kw = battery.step(BatteryState(energy_kwh=5.0), -2.0, 0.5, BATTERY)
    assert (power_kw, discharged.energy_kwh) == (-2.0, pytest.approx(3.75))


def test_battery_stops_at_its_band_and_limits() -> None:
    full, power_kw = battery.step(BatteryState(energy_kwh=9.05), 5.0, 1.0, BATTERY)
    assert (power_kw, full.energy_kwh) == (pytest.approx(0.5), pytest.approx(9.5))
    empty, power_kw = battery.step(BatteryState(energy_kwh=1.4), -4.0, 1.0, BATTERY)
    assert (power_kw, empty.energy_kwh) == (pytest.approx(-0.32), pytest.approx(1.0))
    assert battery.step(BatteryState(energy_kwh=5.0), 99.0, 0.25, BATTERY)[1] == 5.0


def test_battery_outside_its_band_may_come_back_but_not_go_further() -> None:
    assert battery.step(BatteryState(energy_kwh=9.8), 5.0, 1.0, BATTERY)[1] == 0.0
    assert battery.step(BatteryState(energy_kwh=9.8), -1.0, 1.0, BATTERY)[1] == -1.0


@given(start=st.floats(1.0, 9.5), commands=COMMANDS, slot_h=SLOTS_H)
def test_battery_energy_is_what_flowed_less_losses_and_stays_in_its_band(
    start: float, commands: list[float], slot_h: float
) -> None:
    state, stored = BatteryState(energy_kwh=start), start
    for command in commands:
        state, power_kw = battery.step(state, command, slot_h, BATTERY)
        stored += slot_h * (power_kw * 0.9 if power_kw > 0 else power_kw / 0.8)
        assert 1.0 - 1e-9 <= state.energy_kwh <= 9.5 + 1e-9
        assert power_kw * command >= 0 and abs(power_kw) <= abs(command)
        assert state.energy_kwh == pytest.approx(stored, abs=1e-6)


STAY = Session(arrival_epoch_s=1000, departure_epoch_s=9000, energy_kwh=3.0)


def test_car_is_plugged_from_arrival_until_departure() -> None:
    before, during = ev.at(EvState(), 999, [STAY]), ev.at(EvState(), 1000, [STAY])
    assert not before.plugged and before.remaining_kwh == 0.0
    assert during.plugged and during.remaining_kwh == 3.0
    partly, _ = ev.step(during, 7.4, 0.25, Charger(charge_kw_max=7.4))
    assert ev.at(partly, 8999, [STAY]) == partly
    assert not ev.at(partly, 9000, [STAY]).plugged


def test_car_takes_what_it_needs_and_no_more() -> None:
    state, power_kw = ev.step(EvState(session=STAY), 7.4, 0.25, Charger(charge_kw_max=7.4))
    assert (power_kw, state.remaining_kwh) == (7.4, pytest.approx(1.15))
    state, power_kw = ev.step(state, 7.4, 0.25, Charger(charge_kw_max=7.4))
    assert (power_kw, state.remaining_kwh) == (pytest.approx(4.6), pytest.approx(0.0))


def test_car_refuses_power_below_its_minimum_and_discharge_without_v2g() -> None:
    state = EvState(session=STAY, delivered_kwh=1.0)
    assert ev.step(state, 1.0, 0.25, Charger(charge_kw_max=7.4, charge_kw_min=1.4))[1] == 0.0
    assert ev.step(state, -3.0, 0.25, Charger(charge_kw_max=7.4))[1] == 0.0
    assert ev.step(EvState(), 7.4, 0.25, Charger(charge_kw_max=7.4))[1] == 0.0


def test_car_with_v2g_gives_back_at_most_what_it_got_here() -> None:
    charger = Charger(charge_kw_max=7.4, discharge_kw_max=5.0)
    state, power_kw = ev.step(EvState(session=STAY, delivered_kwh=1.0), -5.0, 0.25, charger)
    assert (power_kw, state.delivered_kwh) == (-4.0, 0.0)


HEATED = Zone(
    mode="heat",
    electric_kw_max=3.0,
    electric_kw_min=0.8,
    cop=3.0,
    thermal_capacity_kwh_per_k=5.0,
    thermal_resistance_k_per_kw=4.0,
)


def test_zone_warms_as_computed_by_hand() -> None:
    # Loss (0-20)/4 = -5 kW, gain 1 kW, pump 3*2 = 6 kW: +2 kW for half an hour in 5 kWh/K is +0.2 K.
    state, power_kw = zone.step(ZoneState(temp_c=20.0), 2.0, 0.5, HEATED, outdoor_temp_c=0.0, gain_kw=1.0)
    assert (power_kw, state.temp_c) == (2.0, pytest.approx(20.2))


def test_zone_pump_runs_between_its_limits_or_not_at_all() -> None:
    powers = [
        zone.step(ZoneState(temp_c=20.0), kw, 0.25, HEATED, outdoor_temp_c=5.0)[1] for kw in (0.5, 0.8, 9.0, -1.0)
    ]
    assert powers == [0.0, 0.8, 3.0, 0.0]


@given(
    temp=st.floats(10, 30),
    outdoor=st.floats(-20, 45),
    gain=st.floats(0, 3),
    power=st.floats(0, 3),
    mode=st.sampled_from(["heat", "cool"]),
)
def test_zone_stores_exactly_the_heat_that_entered(
    temp: float, outdoor: float, gain: float, power: float, mode: str
) -> None:
    building = Zone(
        mode="heat" if mode == "heat" else "cool",
        electric_kw_max=3.0,
        cop=3.0,
        thermal_capacity_kwh_per_k=5.0,
        thermal_resistance_k_per_kw=4.0,
    )
    before = ZoneState(temp_c=temp)
    after, power_kw = zone.step(before, power, 0.25, building, outdoor_temp_c=outdoor, gain_kw=gain)
    flows = zone.balance(before, after, power_kw, 0.25, building, outdoor_temp_c=outdoor, gain_kw=gain)
    entered = flows.heat_pump_kwh + flows.gain_kwh + flows.envelope_kwh
    assert flows.stored_kwh == pytest.approx(entered, abs=1e-9)
    assert flows.heat_pump_kwh * (1 if mode == "heat" else -1) >= 0


LAMPS = Lighting(rated_kw=2.0, lux_at_rated=500.0)


def lit(commanded_kw: float, required: float, daylight: float) -> tuple[LightingState, float]:
    return lighting.step(LightingState(), commanded_kw, 0.25, LAMPS, required_lux=required, daylight_lux=daylight)


def test_lamps_give_what_daylight_leaves_to_give() -> None:
    assert lit(2.0, 500.0, 200.0) == (LightingState(delivered_lux=500.0), 1.2)
    assert lit(2.0, 500.0, 800.0) == (LightingState(delivered_lux=800.0), 0.0)
    assert lit(2.0, 0.0, 0.0)[1] == 0.0
    assert lit(0.4, 500.0, 200.0) == (LightingState(delivered_lux=300.0), 0.4)
    assert lit(9.0, 900.0, 0.0)[1] == 2.0


def test_light_is_wanted_as_soon_as_anybody_is_there() -> None:
    assert [lighting.required_lux(share) for share in (0.0, 0.1, 1.0)] == [0.0, 500.0, 500.0]


WASH = Appliance(profile_kw=(2.0, 1.0, 0.5), part_h=0.25)


def test_appliance_runs_to_its_end_once_started_whatever_is_commanded() -> None:
    state, powers = ApplianceState(), []
    for command in (0.0, 1.0, 0.0, -5.0, 3.0, 3.0):
        state, power_kw = appliance.step(state, command, 0.25, WASH)
        powers.append(power_kw)
    assert powers == pytest.approx([0.0, 2.0, 1.0, 0.5, 0.0, 0.0])
    assert appliance.finished(state, WASH)


@given(slot_h=st.sampled_from([1 / 12, 0.1, 1 / 6, 0.2, 0.25, 1 / 3, 0.5, 1.0]))
def test_appliance_uses_its_energy_in_slots_of_any_length(slot_h: float) -> None:
    profile = appliance.profile_per_slot(WASH, slot_h)
    assert sum(profile) * slot_h == pytest.approx(0.875)
    state, used = ApplianceState(), 0.0
    while not appliance.finished(state, WASH):
        state, power_kw = appliance.step(state, 1.0, slot_h, WASH)
        used += power_kw * slot_h
    assert used == pytest.approx(0.875)
