"""Random planning cases with several devices of all kinds, limits, outages, tiers and negative prices; seeded."""

from collections.abc import Callable
from typing import Any

import numpy as np

Device = dict[str, Any]


class Dice:
    """Draws of one case of n slots."""

    def __init__(self, seed: int) -> None:
        """The same seed gives the same case."""
        self.rng = np.random.default_rng(seed)
        self.n = int(self.rng.integers(6, 17))

    def number(self, low: float, high: float) -> float:
        """A number with three digits."""
        return round(float(self.rng.uniform(low, high)), 3)

    def series(self, low: float, high: float) -> Any:
        """A value per slot, or now and then one for all."""
        return [self.number(low, high) for _ in range(self.n)] if self.maybe(0.7) else self.number(low, high)

    def maybe(self, chance: float = 0.5) -> bool:
        """True with this chance."""
        return bool(self.rng.random() < chance)

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def some(self, chance: float, **keys: Any) -> Device:
        """All of the keys with this chance, else none."""
        return keys if self.maybe(chance) else {}


def random_case(seed: int) -> dict[str, Any]:
    """A valid case document."""
    dice = Dice(seed)
    makers = [_MAKERS[dice.whole(0, len(_MAKERS) - 1)] for _ in range(dice.whole(2, 5))]
    devices = [make(dice) for make in makers]
    for i, device in enumerate(devices):
        device["id"] = f"{device['kind']}{i}"
    heated = [device["id"] for device in devices if device["kind"] in ("zone", "tank")]
    for device in devices:
        if device["kind"] == "chp" and heated and dice.maybe():
            device["feeds"] = heated[dice.whole(0, len(heated) - 1)]
    return {
        "name": f"random-{seed}",
        "start": "2026-01-01T00:00:00Z",
        "slot_minutes": (15, 30, 60)[dice.whole(0, 2)],
        "slots": dice.n,
        "site": _site(dice),
        "tariff": _tariff(dice),
        "base_load_kw": dice.series(0.0, 2.0),
        "devices": devices,
    }


def _site(dice: Dice) -> Device:
    """Limits, with an outage now and then."""
    limits = [0.0 if dice.maybe(0.1) else dice.number(1.0, 8.0) for _ in range(dice.n)]
    exports = [min(limit, 4.0) for limit in limits]
    wide = {"import_limit_kw": dice.number(2.0, 9.0), "export_limit_kw": dice.series(0.0, 6.0)}
    each = {"import_limit_kw": limits}
    return ({}, wide, each, {**each, "export_limit_kw": exports})[dice.whole(0, 3)]


def _tariff(dice: Dice) -> Device:
    low = -0.2 if dice.maybe(0.3) else 0.1
    tiers = [{"above_kwh": dice.number(0.0, 20.0), "adder_per_kwh": dice.number(0.0, 0.1)} for _ in range(2)]
    return {
        "import_price_per_kwh": dice.series(low, 0.5),
        "export_price_per_kwh": dice.series(min(low, 0.0), 0.45 if dice.maybe(0.3) else 0.1),
        **dice.some(0.3, demand_charge_per_kw=dice.number(0.0, 3.0), peak_so_far_kw=dice.number(0.0, 3.0)),
        **dice.some(0.3, tiers=tiers),
        **dice.some(0.3, co2_g_per_kwh=dice.series(0.0, 500.0), co2_price_per_kg=dice.number(0.0, 0.4)),
    }


def _pv(dice: Dice) -> Device:
    return {"kind": "pv", "available_kw": dice.series(0.0, 5.0), "curtailable": dice.maybe(0.7)}


def _storage(dice: Dice) -> Device:
    low = dice.number(0.0, 0.3)
    return {
        "capacity_kwh": dice.number(2.0, 15.0),
        "charge_kw_max": dice.number(0.5, 5.0),
        "discharge_kw_max": dice.number(0.5, 5.0),
        "soc_min": low,
        "soc_max": dice.number(max(low, 0.6), 1.0),
        "charge_efficiency": dice.number(0.8, 1.0),
        "discharge_efficiency": dice.number(0.8, 1.0),
        **dice.some(0.5, soc_final_min=dice.number(0.0, 0.9)),
        **dice.some(0.3, wear_per_kwh=dice.number(0.0, 0.08)),
        **dice.some(0.3, reserve_soc=dice.series(0.0, 0.5)),
        **dice.some(0.25, grid_charge_allowed=False),
        **dice.some(0.25, grid_discharge_allowed=False),
    }


def _battery(dice: Dice) -> Device:
    return {"kind": "battery", **_storage(dice), "soc_initial": dice.number(0.0, 1.0)}


def _ev(dice: Dice) -> Device:
    device = {"kind": "ev", **_storage(dice), **dice.some(0.5, discharge_kw_max=0.0)}
    device |= dice.some(0.5, charge_kw_min=dice.number(0.1, device["charge_kw_max"]))
    device |= dice.some(0.3, from_battery_allowed=False)
    arrival = dice.whole(0, dice.n - 2)
    stay = {"arrival_slot": arrival, "departure_slot": dice.whole(arrival + 1, dice.n + 2)}
    wish = {"soc_arrival": dice.number(0.0, 0.8), "soc_departure_min": dice.number(0.3, 1.0)}
    return {**device, "sessions": [{**stay, **wish}]}


def _cycling(dice: Dice, most: float) -> Device:
    times = {"min_on_slots": dice.whole(1, 4), "min_off_slots": dice.whole(1, 4)}
    return dice.some(0.6, electric_kw_min=dice.number(0.1, most), **times)


def _zone(dice: Dice) -> Device:
    heats, most, low = dice.maybe(), dice.number(0.5, 3.0), dice.number(17.0, 20.0)
    return {
        "kind": "zone",
        "mode": "heat" if heats else "cool",
        "electric_kw_max": most,
        **_cycling(dice, most),
        "cop": dice.series(2.0, 4.0),
        "thermal_capacity_kwh_per_k": dice.number(1.0, 6.0),
        "thermal_resistance_k_per_kw": dice.number(2.0, 8.0),
        "outdoor_temp_c": dice.series(-5.0, 12.0) if heats else dice.series(22.0, 36.0),
        "temp_initial_c": dice.number(18.0, 25.0),
        "temp_min_c": low,
        "temp_max_c": low + dice.number(2.0, 6.0),
        "gain_kw": dice.series(0.0, 0.6),
        **dice.some(0.6, discomfort_per_k_hour=dice.number(0.5, 8.0)),
    }


def _tank(dice: Dice) -> Device:
    return {
        "kind": "tank",
        "volume_l": dice.number(100.0, 300.0),
        "temp_initial_c": dice.number(44.0, 60.0),
        "temp_min_c": dice.number(42.0, 48.0),
        "temp_max_c": dice.number(58.0, 70.0),
        "electric_kw_max": dice.number(0.5, 3.0),
        "loss_kw_per_k": dice.number(0.0, 0.006),
        "draw_kwh": dice.series(0.0, 0.5),
        "cop": dice.series(1.0, 3.0),
    }


def _lighting(dice: Dice) -> Device:
    return {
        "kind": "lighting",
        "rated_kw": dice.number(0.2, 2.0),
        "lux_at_rated": dice.number(300.0, 600.0),
        "required_lux": dice.series(0.0, 500.0),
        "daylight_lux": dice.series(0.0, 500.0),
        "dim_fraction_max": dice.number(0.0, 0.4),
        "discomfort_per_kwh": dice.number(0.0, 0.6),
    }


def _load(dice: Dice) -> Device:
    cut = {"curtailable_fraction": dice.number(0.0, 0.8), "discomfort_per_kwh": dice.number(0.0, 0.8)}
    return {"kind": "load", "power_kw": dice.series(0.0, 1.5), **cut}


def _appliance(dice: Dice) -> Device:
    required = dice.whole(2, 5)
    blocks = {"block_kw": dice.number(0.3, 2.0), "slots_required": required, "min_run_slots": dice.whole(1, required)}
    profile = {"profile_kw": [dice.number(0.2, 2.5) for _ in range(dice.whole(1, 4))]}
    runs = profile if dice.maybe() else {**blocks, **dice.some(0.5, starts_max=dice.whole(1, 3))}
    earliest = dice.whole(0, dice.n - 3)
    window = dice.some(0.5, earliest_slot=earliest) | dice.some(0.5, latest_end_slot=dice.whole(earliest + 1, dice.n))
    return {"kind": "appliance", **runs, **window, **dice.some(0.4, optional=True, value=dice.number(0.0, 1.5))}


def _chp(dice: Dice) -> Device:
    most = dice.number(0.4, 2.0)
    efficiencies = {"electrical_efficiency": dice.number(0.25, 0.5), "thermal_efficiency": dice.number(0.2, 0.5)}
    fuel = {"fuel_price_per_kwh": dice.series(0.03, 0.15)}
    return {"kind": "chp", "electric_kw_max": most, **_cycling(dice, most), **efficiencies, **fuel}


def _hydrogen(dice: Dice) -> Device:
    return {
        "kind": "hydrogen",
        "electrolyser_kw_max": dice.number(0.5, 3.0),
        "electrolyser_efficiency": dice.number(0.5, 0.8),
        "fuel_cell_kw_max": dice.number(0.5, 2.0),
        "fuel_cell_efficiency": dice.number(0.4, 0.6),
        "capacity_kwh": dice.number(5.0, 25.0),
        "level_initial": dice.number(0.0, 1.0),
        **dice.some(0.5, level_final_min=dice.number(0.0, 0.9)),
    }


_MAKERS: tuple[Callable[[Dice], Device], ...] = (
    _pv,
    _battery,
    _ev,
    _zone,
    _tank,
    _lighting,
    _load,
    _appliance,
    _chp,
    _hydrogen,
)
