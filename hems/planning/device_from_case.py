"""The planner's device for a device of a case file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.planning import device as model
from hems.site import devices as given

Floats = NDArray[np.float64]


def per_slot(value: float | Sequence[float] | None, slots: int, *, absent: float = 0.0) -> Floats:
    """`value` as one number per slot, shape (slots,); None stands for `absent` in every slot."""
    if value is None:
        return np.full(slots, absent)
    return np.array(value, dtype=float) if isinstance(value, Sequence) else np.full(slots, float(value))


def device_from_case(device: given.AnyDevice, slots: int) -> model.Device:
    """The device with every optional key filled in and every varying value as an array of shape (slots,)."""
    return _BUILDERS[type(device)](device, slots)  # type: ignore[no-any-return]


def _same(device: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(device, name) for name in names}


_STORAGE = (
    "id",
    "capacity_kwh",
    "charge_kw_max",
    "discharge_kw_max",
    "charge_efficiency",
    "discharge_efficiency",
    "soc_min",
    "soc_max",
    "soc_final_min",
    "wear_per_kwh",
    "grid_charge_allowed",
    "grid_discharge_allowed",
)


def _reserve(value: float | Sequence[float] | None, slots: int) -> Floats | None:
    return None if value is None else per_slot(value, slots)


def _pv(d: given.PvDevice, n: int) -> model.Pv:
    return model.Pv(id=d.id, available_kw=per_slot(d.available_kw, n), curtailable=d.curtailable)


def _battery(d: given.BatteryDevice, n: int) -> model.Battery:
    return model.Battery(**_same(d, *_STORAGE, "soc_initial"), reserve_soc=_reserve(d.reserve_soc, n))


def _ev(d: given.EvDevice, n: int) -> model.Ev:
    sessions = tuple(
        model.Session(**_same(s, "arrival_slot", "departure_slot", "soc_arrival", "soc_departure_min"))
        for s in d.sessions
    )
    return model.Ev(
        **_same(d, *_STORAGE, "charge_kw_min", "from_battery_allowed"),
        reserve_soc=_reserve(d.reserve_soc, n),
        sessions=tuple(sorted(sessions, key=lambda s: s.arrival_slot)),
    )


_CYCLING = ("min_on_slots", "min_off_slots", "initial_on_slots", "initial_off_slots")


def _zone(d: given.ZoneDevice, n: int) -> model.Zone:
    return model.Zone(
        **_same(d, "id", "electric_kw_max", "electric_kw_min", "temp_initial_c", "discomfort_per_k_hour", *_CYCLING),
        **_same(d, "thermal_capacity_kwh_per_k", "thermal_resistance_k_per_kw"),
        heats=d.mode == "heat",
        cop=per_slot(d.cop, n),
        outdoor_temp_c=per_slot(d.outdoor_temp_c, n),
        gain_kw=per_slot(d.gain_kw, n),
        temp_min_c=per_slot(d.temp_min_c, n, absent=-np.inf),
        temp_max_c=per_slot(d.temp_max_c, n, absent=np.inf),
        supply_air=_supply_air(d, n),
        outdoor_air_m3_per_h=None if d.air_flow_min_m3_per_h is None else per_slot(d.air_flow_min_m3_per_h, n),
    )


def _supply_air(d: given.ZoneDevice, n: int) -> model.SupplyAir | None:
    if d.supply_air_temp_c is None or d.air_flow_max_m3_per_h is None:
        return None
    return model.SupplyAir(
        temp_c=per_slot(d.supply_air_temp_c, n), flow_max_m3_per_h=per_slot(d.air_flow_max_m3_per_h, n)
    )


def _tank(d: given.TankDevice, n: int) -> model.Tank:
    return model.Tank(
        **_same(d, "id", "volume_l", "temp_initial_c", "electric_kw_max", "loss_kw_per_k"),
        temp_min_c=per_slot(d.temp_min_c, n, absent=-np.inf),
        temp_max_c=per_slot(d.temp_max_c, n, absent=np.inf),
        ambient_c=per_slot(d.ambient_c, n),
        draw_kwh=per_slot(d.draw_kwh, n),
        cop=per_slot(d.cop, n),
    )


def _lighting(d: given.LightingDevice, n: int) -> model.Lighting:
    return model.Lighting(
        **_same(d, "id", "rated_kw", "lux_at_rated", "dim_fraction_max", "discomfort_per_kwh"),
        daylight_lux=per_slot(d.daylight_lux, n),
        required_lux=per_slot(d.required_lux, n),
    )


def _load(d: given.LoadDevice, n: int) -> model.Load:
    return model.Load(
        **_same(d, "id", "curtailable_fraction", "discomfort_per_kwh"), power_kw=per_slot(d.power_kw, n)
    )


def _appliance(d: given.ApplianceDevice, n: int) -> model.Appliance:
    return model.Appliance(
        **_same(d, "id", "min_run_slots", "starts_max", "earliest_slot", "optional", "value"),
        **_same(d, "running_since_slots", "slots_done"),
        profile_kw=None if d.profile_kw is None else np.array(d.profile_kw, dtype=float),
        block_kw=d.block_kw or 0.0,
        slots_required=d.slots_required or 0,
        latest_end_slot=n if d.latest_end_slot is None else d.latest_end_slot,
    )


def _chp(d: given.ChpDevice, n: int) -> model.Chp:
    return model.Chp(
        **_same(d, "id", "electric_kw_max", "electric_kw_min", "electrical_efficiency", "thermal_efficiency"),
        **_same(d, "feeds", *_CYCLING),
        fuel_price_per_kwh=per_slot(d.fuel_price_per_kwh, n),
    )


def _hydrogen(d: given.HydrogenDevice, n: int) -> model.Hydrogen:
    return model.Hydrogen(
        **_same(d, "id", "electrolyser_kw_max", "electrolyser_efficiency", "fuel_cell_kw_max"),
        **_same(d, "fuel_cell_efficiency", "capacity_kwh", "level_initial", "level_final_min"),
    )


_BUILDERS: dict[type, Any] = {
    given.PvDevice: _pv,
    given.BatteryDevice: _battery,
    given.EvDevice: _ev,
    given.ZoneDevice: _zone,
    given.TankDevice: _tank,
    given.LightingDevice: _lighting,
    given.LoadDevice: _load,
    given.ApplianceDevice: _appliance,
    given.ChpDevice: _chp,
    given.HydrogenDevice: _hydrogen,
}
