"""Strategies for random case documents: small horizons, every kind of device, limits and prices of both signs."""

from typing import Any

from hypothesis import strategies as st


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 3))


def series(low: float, high: float, slots: int) -> st.SearchStrategy[Any]:
    value = number(low, high)
    return st.one_of(value, st.lists(value, min_size=slots, max_size=slots))


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def storage(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    low = draw(number(0.0, 0.4))
    return {
        "capacity_kwh": draw(number(0.5, 20.0)),
        "charge_kw_max": draw(number(0.0, 6.0)),
        "discharge_kw_max": draw(number(0.0, 6.0)),
        "soc_min": low,
        "soc_max": draw(number(low, 1.0)),
        **draw(
            some(
                charge_efficiency=number(0.7, 1.0),
                discharge_efficiency=number(0.7, 1.0),
                soc_final_min=number(0.0, 1.0),
                wear_per_kwh=number(0.0, 0.1),
                reserve_soc=series(0.0, 0.6, slots),
                grid_charge_allowed=st.booleans(),
                grid_discharge_allowed=st.booleans(),
            )
        ),
    }


@st.composite
def battery(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    return {"kind": "battery", **draw(storage(slots)), "soc_initial": draw(number(0.0, 1.0))}


@st.composite
def ev(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    device = {"kind": "ev", **draw(storage(slots)), **draw(some(from_battery_allowed=st.booleans()))}
    if draw(st.booleans()):
        device["discharge_kw_max"] = 0.0
    if draw(st.booleans()):
        device["charge_kw_min"] = draw(number(0.0, device["charge_kw_max"]))
    arrival = draw(st.integers(0, slots - 1))
    departure = draw(st.integers(arrival + 1, slots + 3))
    wish = draw(st.one_of(st.none(), number(0.0, 1.0)))
    stay = {"arrival_slot": arrival, "departure_slot": departure, "soc_arrival": draw(number(0.0, 1.0))}
    device["sessions"] = [stay if wish is None else {**stay, "soc_departure_min": wish}]
    return device


@st.composite
def pv(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    return {"kind": "pv", "available_kw": draw(series(0.0, 6.0, slots)), **draw(some(curtailable=st.booleans()))}


@st.composite
def cycling(draw: st.DrawFn, most: float) -> dict[str, Any]:
    if not draw(st.booleans()) or most <= 0.1:
        return {}
    least = draw(number(0.1, most))
    times = some(min_on_slots=st.integers(1, 4), min_off_slots=st.integers(1, 4))
    return {"electric_kw_min": least, **draw(times)}


@st.composite
def air(draw: st.DrawFn, slots: int, useful: st.SearchStrategy[float]) -> dict[str, Any]:
    """Air-side keys of a room; now and then the room starts or drifts beyond its supply air."""
    flow = draw(series(0.0, 300.0, slots))
    supply = draw(st.one_of(useful, st.lists(useful, min_size=slots, max_size=slots)))
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given |= {"supply_air_temp_c": supply, "air_flow_max_m3_per_h": flow}
    least = min(flow) if isinstance(flow, list) else flow
    return given | draw(some(air_flow_min_m3_per_h=series(0.0, least, slots)))


@st.composite
def zone(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    most, low, wide = draw(number(0.0, 3.0)), draw(number(15.0, 21.0)), draw(number(1.0, 8.0))
    heats = draw(st.booleans())
    return {
        "kind": "zone",
        "mode": "heat" if heats else "cool",
        "electric_kw_max": most,
        **draw(cycling(most)),
        "cop": draw(series(1.0, 4.0, slots)),
        "thermal_capacity_kwh_per_k": draw(number(1.0, 8.0)),
        "thermal_resistance_k_per_kw": draw(number(2.0, 8.0)),
        "outdoor_temp_c": draw(series(-10.0, 18.0, slots) if heats else series(18.0, 38.0, slots)),
        "temp_initial_c": draw(number(16.0, 26.0)),
        "temp_min_c": low,
        "temp_max_c": low + wide,
        **draw(some(gain_kw=series(0.0, 1.0, slots), discomfort_per_k_hour=number(0.0, 10.0))),
        **draw(air(slots, number(low + 0.1, 45.0) if heats else number(5.0, low + wide - 0.1))),
    }


@st.composite
def tank(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    return {
        "kind": "tank",
        "volume_l": draw(number(80.0, 400.0)),
        "temp_initial_c": draw(number(40.0, 60.0)),
        "temp_min_c": draw(number(40.0, 50.0)),
        "temp_max_c": draw(number(55.0, 75.0)),
        "electric_kw_max": draw(number(0.0, 3.0)),
        **draw(some(loss_kw_per_k=number(0.0, 0.01), draw_kwh=series(0.0, 0.8, slots), cop=number(1.0, 3.0))),
    }


@st.composite
def lighting(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    return {
        "kind": "lighting",
        "rated_kw": draw(number(0.0, 2.0)),
        "lux_at_rated": draw(number(200.0, 600.0)),
        "required_lux": draw(series(0.0, 500.0, slots)),
        **draw(
            some(
                daylight_lux=series(0.0, 800.0, slots),
                dim_fraction_max=number(0.0, 0.5),
                discomfort_per_kwh=number(0.0, 1.0),
            )
        ),
    }


@st.composite
def load(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    optional = some(curtailable_fraction=number(0.0, 1.0), discomfort_per_kwh=number(0.0, 1.0))
    return {"kind": "load", "power_kw": draw(series(0.0, 2.0, slots)), **draw(optional)}


@st.composite
def appliance(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    device: dict[str, Any] = {"kind": "appliance"}
    if draw(st.booleans()):
        device["profile_kw"] = draw(st.lists(number(0.2, 2.5), min_size=1, max_size=5))
    else:
        device["block_kw"] = draw(number(0.2, 2.5))
        device["slots_required"] = draw(st.integers(1, 6))
        device["min_run_slots"] = draw(st.integers(1, device["slots_required"]))
        device |= draw(some(starts_max=st.integers(1, 3)))
    device |= draw(some(earliest_slot=st.integers(0, slots - 1), latest_end_slot=st.integers(1, slots)))
    if draw(st.booleans()):
        device |= {"optional": True, "value": draw(number(0.0, 2.0))}
    return device


@st.composite
def chp(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    most = draw(number(0.2, 2.0))
    return {
        "kind": "chp",
        "electric_kw_max": most,
        **draw(cycling(most)),
        "electrical_efficiency": draw(number(0.2, 0.5)),
        "thermal_efficiency": draw(number(0.0, 0.5)),
        "fuel_price_per_kwh": draw(series(0.02, 0.2, slots)),
    }


@st.composite
def hydrogen(draw: st.DrawFn, slots: int) -> dict[str, Any]:
    return {
        "kind": "hydrogen",
        "electrolyser_kw_max": draw(number(0.0, 3.0)),
        "electrolyser_efficiency": draw(number(0.5, 0.8)),
        "fuel_cell_kw_max": draw(number(0.0, 2.0)),
        "fuel_cell_efficiency": draw(number(0.4, 0.6)),
        "capacity_kwh": draw(number(5.0, 30.0)),
        "level_initial": draw(number(0.0, 1.0)),
        **draw(some(level_final_min=number(0.0, 1.0))),
    }


KINDS = (battery, ev, pv, zone, tank, lighting, load, appliance, chp, hydrogen)


@st.composite
def documents(draw: st.DrawFn, slots_max: int = 12, devices_max: int = 4) -> dict[str, Any]:
    """A random valid case document."""
    slots = draw(st.integers(2, slots_max))
    devices = [draw(draw(st.sampled_from(KINDS))(slots)) for _ in range(draw(st.integers(0, devices_max)))]
    for i, device in enumerate(devices):
        device["id"] = f"{device['kind']}{i}"
    heated = [d["id"] for d in devices if d["kind"] in ("zone", "tank")]
    for device in devices:
        if device["kind"] == "chp" and heated and draw(st.booleans()):
            device["feeds"] = draw(st.sampled_from(heated))
    limits = some(import_limit_kw=series(0.0, 12.0, slots), export_limit_kw=series(0.0, 12.0, slots))
    return {
        "name": "random",
        "start": "2026-01-01T00:00:00Z",
        "slot_minutes": draw(st.sampled_from([15, 30, 60])),
        "slots": slots,
        "site": draw(limits),
        "tariff": {
            "import_price_per_kwh": draw(series(-0.3, 0.6, slots)),
            "export_price_per_kwh": draw(series(-0.3, 0.5, slots)),
            **draw(
                some(
                    demand_charge_per_kw=number(0.0, 3.0),
                    peak_so_far_kw=number(0.0, 3.0),
                    tiers=st.lists(
                        st.fixed_dictionaries({"above_kwh": number(0.0, 20.0), "adder_per_kwh": number(0.0, 0.1)}),
                        max_size=2,
                    ),
                    co2_g_per_kwh=series(0.0, 500.0, slots),
                    co2_price_per_kg=number(0.0, 0.5),
                )
            ),
        },
        "base_load_kw": draw(series(0.0, 3.0, slots)),
        "devices": devices,
    }
