"""An independent judge of a plan: recomputes everything from powers with nothing but the case document.

It shares no line with the planner. It reads the two JSON documents, steps every device slot by slot, and returns the
cost, the wishes that are broken and whatever breaks physics, limits or the plan's own claims.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

KW, KWH, KELVIN, MONEY = 1e-4, 1e-3, 1e-2, 1e-4
AIR = 1.2 * 1.006 / 3600  # kWh per m3 and kelvin
STATE = {"battery": "soc", "ev": "soc", "hydrogen": "level", "zone": "temp_c", "tank": "temp_c"}


@dataclass
class Verdict:
    """What the judge found; `broken` maps (device, wish) to {slot: amount}."""

    errors: list[str] = field(default_factory=list)
    cost: float = 0.0
    broken: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    ran: dict[str, bool] = field(default_factory=dict)

    def total(self, device: str, wish: str) -> float:
        return sum(self.broken.get((device, wish), {}).values())


class Judge:
    """One case and one plan under examination."""

    def __init__(self, case: dict[str, Any], plan: dict[str, Any]) -> None:
        self.case, self.plan, self.verdict = case, plan, Verdict()
        self.n = case["slots"]
        self.h = case["slot_minutes"] / 60
        self.lost_price = case["site"].get("value_of_lost_load_per_kwh", 10.0)
        self.power = {d["id"]: plan["devices"][d["id"]]["power_kw"] for d in case["devices"]}
        self.imports_max = self.values(case["site"].get("import_limit_kw"), math.inf)
        self.exports_max = self.values(case["site"].get("export_limit_kw"), math.inf)
        self.dark = [i <= 0 and e <= 0 for i, e in zip(self.imports_max, self.exports_max, strict=True)]

    def values(self, given: Any, absent: float = 0.0) -> list[float]:
        if given is None:
            given = absent
        return list(given) if isinstance(given, list) else [given] * self.n

    def demand(self, ok: bool, text: str) -> None:
        if not ok:
            self.verdict.errors.append(text)

    def breaks(self, device: str, wish: str, slot: int, amount: float, tolerance: float) -> None:
        if amount > tolerance:
            self.verdict.broken[(device, wish)][slot] = amount

    def judge(self) -> Verdict:
        for device in self.case["devices"]:
            self.demand(len(self.power[device["id"]]) == self.n, f"{device['id']}: wrong length")
            getattr(self, device["kind"])(device, self.power[device["id"]])
        self.connection()
        self.rules()
        self.claims()
        return self.verdict

    # storage

    def fill(
        self, d: dict[str, Any], slots: range, start: float, rates: tuple[float, float], band: tuple[float, float]
    ) -> list[float]:
        """Stored energy at the end of each slot, checked against the band that the start may widen."""
        into, out = rates
        low, high = min(band[0], start), max(band[1], start)
        stored, path = start, []
        for k in slots:
            p = self.power[d["id"]][k]
            stored += self.h * (p * into if p >= 0 else p / out)
            self.demand(low - KWH <= stored <= high + KWH, f"{d['id']}: {stored:.5f} kWh in slot {k}")
            path.append(stored)
        return path

    def within(self, d: dict[str, Any], low: Any, high: Any) -> None:
        lows, highs = self.values(low), self.values(high)
        for k, p in enumerate(self.power[d["id"]]):
            self.demand(math.isfinite(p) and lows[k] - KW <= p <= highs[k] + KW, f"{d['id']}: {p} kW in slot {k}")

    def wear(self, d: dict[str, Any]) -> None:
        given = sum(-p for p in self.power[d["id"]] if p < 0)
        self.verdict.cost += d.get("wear_per_kwh", 0.0) * given * self.h

    def stay(self, d: dict[str, Any], slots: range, soc: float) -> list[float]:
        size = d["capacity_kwh"]
        path = self.fill(
            d,
            slots,
            soc * size,
            (d.get("charge_efficiency", 1.0), d.get("discharge_efficiency", 1.0)),
            (d.get("soc_min", 0.0) * size, d.get("soc_max", 1.0) * size),
        )
        wanted = self.values(d.get("reserve_soc"), -1.0)
        for k, stored in zip(slots, path, strict=True):
            if wanted[k] > d.get("soc_min", 0.0) and not self.dark[k]:
                self.breaks(d["id"], "reserve_soc", k, wanted[k] * size - stored, KWH)
        return path

    def battery(self, d: dict[str, Any], power: list[float]) -> None:
        self.within(d, -d["discharge_kw_max"], d["charge_kw_max"])
        path = self.stay(d, range(self.n), d["soc_initial"])
        self.says(d, [stored / d["capacity_kwh"] for stored in path], 1e-3)
        if "soc_final_min" in d:
            short = d["soc_final_min"] * d["capacity_kwh"] - path[-1]
            self.breaks(d["id"], "final_soc", self.n - 1, short, KWH)
        self.wear(d)

    def ev(self, d: dict[str, Any], power: list[float]) -> None:
        size, soc = d["capacity_kwh"], [None] * self.n
        for s in d["sessions"]:
            slots = range(s["arrival_slot"], min(self.n, s["departure_slot"]))
            path = self.stay(d, slots, s["soc_arrival"])
            soc[slots.start : slots.stop] = [stored / size for stored in path]
            if s.get("soc_departure_min") is not None and s["departure_slot"] <= self.n:
                self.breaks(d["id"], "departure_soc", slots[-1], s["soc_departure_min"] * size - path[-1], KWH)
            if d.get("soc_final_min") is not None and s["departure_slot"] >= self.n:
                self.breaks(d["id"], "final_soc", self.n - 1, d["soc_final_min"] * size - path[-1], KWH)
        there = [value is not None for value in soc]
        self.within(d, [-d.get("discharge_kw_max", 0.0) * t for t in there], [d["charge_kw_max"] * t for t in there])
        least = d.get("charge_kw_min", 0.0)
        self.demand(all(p <= KW or p >= least - KW for p in power), f"{d['id']}: charges below its minimum")
        self.says(d, soc, 1e-3)
        self.wear(d)

    def hydrogen(self, d: dict[str, Any], power: list[float]) -> None:
        self.within(d, -d["fuel_cell_kw_max"], d["electrolyser_kw_max"])
        size = d["capacity_kwh"]
        rates = d["electrolyser_efficiency"], d["fuel_cell_efficiency"]
        path = self.fill(d, range(self.n), d["level_initial"] * size, rates, (0.0, size))
        self.says(d, [stored / size for stored in path], 1e-3)
        if "level_final_min" in d:
            self.breaks(d["id"], "final_level", self.n - 1, d["level_final_min"] * size - path[-1], KWH)

    # heat

    def fed(self, id_: str) -> list[float]:
        heat = [0.0] * self.n
        for d in self.case["devices"]:
            if d["kind"] == "chp" and d.get("feeds") == id_:
                per_kw = d.get("thermal_efficiency", 0.0) / d["electrical_efficiency"]
                heat = [q - p * per_kw for q, p in zip(heat, self.power[d["id"]], strict=True)]
        return heat

    def machine(self, d: dict[str, Any], used: list[float]) -> list[bool]:
        """On flags of a machine with a power range and minimum times."""
        least, most = d.get("electric_kw_min", 0.0), d["electric_kw_max"]
        on = [p > KW for p in used]
        for k, p in enumerate(used):
            good = -KW <= p <= most + KW and (not on[k] or p >= least - KW)
            self.demand(good, f"{d['id']}: {p} kW in slot {k} is outside its range")
        changes = [k for k in range(1, self.n) if on[k] != on[k - 1]]
        edges = [0, *changes, self.n]
        for first, end in pairwise(edges):
            inner = end < self.n and (on[first] or first > 0)
            needed = d.get("min_on_slots" if on[first] else "min_off_slots", 1)
            self.demand(not inner or end - first >= needed, f"{d['id']}: too short a run or pause from slot {first}")
        said = self.plan["devices"][d["id"]].get("on")
        self.demand(said is None or said == on, f"{d['id']}: on flags differ from power")
        return on

    def comfort(self, d: dict[str, Any], temp: list[float]) -> None:
        low, high = self.values(d.get("temp_min_c"), -math.inf), self.values(d.get("temp_max_c"), math.inf)
        for k, t in enumerate(temp):
            self.breaks(d["id"], "temp_min", k, low[k] - t, KELVIN)
            self.breaks(d["id"], "temp_max", k, t - high[k], KELVIN)
            outside = max(0.0, low[k] - t) + max(0.0, t - high[k])
            self.verdict.cost += (d.get("discomfort_per_k_hour") or 0.0) * outside * self.h
        self.says(d, temp, 0.02)

    def zone(self, d: dict[str, Any], power: list[float]) -> None:
        self.machine(d, power)
        cop, outdoor, gain = (self.values(d.get(key)) for key in ("cop", "outdoor_temp_c", "gain_kw"))
        fresh, fed, t, temp = self.values(d.get("air_flow_min_m3_per_h")), self.fed(d["id"]), d["temp_initial_c"], []
        for k in range(self.n):
            self.air(d, k, t, cop[k] * power[k])
            heat = cop[k] * power[k] if d["mode"] == "heat" else -cop[k] * power[k]
            leak = (outdoor[k] - t) * (1 / d["thermal_resistance_k_per_kw"] + AIR * fresh[k])
            t += self.h * (leak + gain[k] + heat + fed[k]) / d["thermal_capacity_kwh_per_k"]
            temp.append(t)
        self.comfort(d, temp)

    def air(self, d: dict[str, Any], k: int, t: float, heat: float) -> None:
        """Heat or cold of a slot that starts at `t` against what the air of the room can bring."""
        if d.get("supply_air_temp_c") is None:
            return
        away = (self.values(d["supply_air_temp_c"])[k] - t) * (1 if d["mode"] == "heat" else -1)
        per_k = min(AIR * self.values(d["air_flow_max_m3_per_h"])[k], d["thermal_capacity_kwh_per_k"] / self.h)
        self.demand(heat <= per_k * max(0.0, away) + KW, f"{d['id']}: {heat} kW in slot {k}, {away} K from its air")

    def tank(self, d: dict[str, Any], power: list[float]) -> None:
        self.within(d, 0.0, d["electric_kw_max"])
        cop, ambient, draw = (
            self.values(d.get("cop"), 1.0),
            self.values(d.get("ambient_c"), 20.0),
            self.values(d.get("draw_kwh")),
        )
        fed, t, temp = self.fed(d["id"]), d["temp_initial_c"], []
        for k in range(self.n):
            gained = self.h * (cop[k] * power[k] + fed[k] - d.get("loss_kw_per_k", 0.0) * (t - ambient[k])) - draw[k]
            t += gained / (d["volume_l"] * 0.001163)
            temp.append(t)
        self.comfort(d, temp)

    def chp(self, d: dict[str, Any], power: list[float]) -> None:
        self.machine(d, [-p for p in power])
        fuel = self.values(d["fuel_price_per_kwh"])
        burnt = (-p * price for p, price in zip(power, fuel, strict=True))
        self.verdict.cost += self.h * sum(burnt) / d["electrical_efficiency"]

    # loads

    def pv(self, d: dict[str, Any], power: list[float]) -> None:
        available = self.values(d["available_kw"])
        self.within(d, [-a for a in available], 0.0)
        if d.get("curtailable", True) is False:
            for k, a in enumerate(available):
                self.breaks(d["id"], "must_take", k, (a + power[k]) * self.h, KWH)

    def sheds(self, d: dict[str, Any], power: list[float], full: list[float], floor: list[float]) -> None:
        self.within(d, 0.0, full)
        for k in range(self.n):
            paid = min(full[k] - power[k], full[k] - floor[k])
            short = max(0.0, floor[k] - power[k])
            self.verdict.cost += self.h * (
                d.get("discomfort_per_kwh", 0.0) * max(0.0, paid) + self.lost_price * short
            )
            self.breaks(d["id"], "served_load", k, short * self.h, KWH)

    def load(self, d: dict[str, Any], power: list[float]) -> None:
        full = self.values(d["power_kw"])
        self.sheds(d, power, full, [p * (1 - d.get("curtailable_fraction", 0.0)) for p in full])

    def lighting(self, d: dict[str, Any], power: list[float]) -> None:
        wanted, day = self.values(d["required_lux"]), self.values(d.get("daylight_lux"))

        def kw(lux: float, sun: float) -> float:
            return min(d["rated_kw"], max(0.0, lux - sun) * d["rated_kw"] / d["lux_at_rated"])

        least = 1 - d.get("dim_fraction_max", 0.0)
        full = [kw(lux, sun) for lux, sun in zip(wanted, day, strict=True)]
        floor = [kw(lux * least, sun) for lux, sun in zip(wanted, day, strict=True)]
        self.sheds(d, power, full, floor)

    def appliance(self, d: dict[str, Any], power: list[float]) -> None:
        if "profile_kw" in d:
            self.programme(d, power, d["profile_kw"])
        else:
            self.blocks(d, power)
        if d.get("optional") and self.verdict.ran[d["id"]]:
            self.verdict.cost -= d.get("value", 0.0)

    def programme(self, d: dict[str, Any], power: list[float], profile: list[float]) -> None:
        length, end = len(profile), d.get("latest_end_slot", self.n)
        starts = [
            s
            for s in range(d.get("earliest_slot", 0), self.n - length + 1)
            if all(abs(power[k] - (profile[k - s] if s <= k < s + length else 0.0)) <= KW for k in range(self.n))
        ]
        ran = self.verdict.ran[d["id"]] = bool(starts)
        still = all(abs(p) <= KW for p in power)
        self.demand(ran or still, f"{d['id']}: does something else than its programme")
        if ran:
            late = starts[0] + length - end
            self.demand(not (d.get("optional") and late > 0), f"{d['id']}: optional and late")
            self.breaks(d["id"], "deadline", min(self.n, starts[0] + length) - 1, late, 0.0)
        elif not d.get("optional"):
            self.breaks(d["id"], "run", self.n - 1, 1.0, 0.0)

    def blocks(self, d: dict[str, Any], power: list[float]) -> None:
        kw, needed, first, end = (
            d["block_kw"],
            d["slots_required"],
            d.get("earliest_slot", 0),
            d.get("latest_end_slot", self.n),
        )
        on = [p > kw / 2 for p in power]
        self.demand(all(abs(p - kw * o) <= KW for p, o in zip(power, on, strict=True)), f"{d['id']}: not its block")
        edges = [k for k in range(self.n) if on[k] and (k == 0 or not on[k - 1])]
        for k in edges:
            length = next((j for j in range(k, self.n) if not on[j]), self.n) - k
            self.demand(length >= d.get("min_run_slots", 1), f"{d['id']}: run from slot {k} is too short")
            self.demand(k >= first, f"{d['id']}: starts too early")
        self.demand(len(edges) <= d.get("starts_max", self.n), f"{d['id']}: too many starts")
        total, late = sum(on), [k for k in range(end, self.n) if on[k]]
        self.demand(total <= needed, f"{d['id']}: runs too long")
        self.verdict.ran[d["id"]] = total == needed
        if d.get("optional"):
            self.demand(total in (0, needed) and not late, f"{d['id']}: optional, and neither whole nor off")
            return
        for k in late:
            self.breaks(d["id"], "deadline", k, 1.0, 0.0)
        self.breaks(d["id"], "run", self.n - 1, needed - total, 0.0)

    # site

    def connection(self) -> None:
        base, grid = self.values(self.case["base_load_kw"]), self.plan["grid_kw"]
        self.unserved = self.plan.get("unserved_kw") or [0.0] * self.n
        for k in range(self.n):
            self.demand(-KW <= self.unserved[k] <= base[k] + KW, f"unserved load in slot {k}")
            net = base[k] - self.unserved[k] + sum(p[k] for p in self.power.values())
            self.demand(abs(net - grid[k]) <= KW, f"balance of slot {k}: {net} is not {grid[k]}")
            fits = -self.exports_max[k] - KW <= grid[k] <= self.imports_max[k] + KW
            self.demand(fits, f"connection limit in slot {k}: {grid[k]}")
            self.breaks("site", "served_load", k, self.unserved[k] * self.h, KWH)
        self.verdict.cost += self.lost_price * self.h * sum(self.unserved) + self.bill(grid)

    def bill(self, grid: list[float]) -> float:
        t = self.case["tariff"]
        buy, sell = self.values(t["import_price_per_kwh"]), self.values(t.get("export_price_per_kwh"))
        carbon = [g * t.get("co2_price_per_kg", 0.0) / 1000 for g in self.values(t.get("co2_g_per_kwh"))]
        energy = sum(self.h * g * (buy[k] + carbon[k] if g > 0 else sell[k]) for k, g in enumerate(grid))
        drawn = self.h * sum(g for g in grid if g > 0)
        before = t.get("peak_so_far_kw", 0.0)
        peak = t.get("demand_charge_per_kw", 0.0) * (max(before, *grid) - before)
        steps = sum(s["adder_per_kwh"] * max(0.0, drawn - s["above_kwh"]) for s in t.get("tiers", []))
        return energy + peak + steps

    def rules(self) -> None:
        devices, base = self.case["devices"], self.values(self.case["base_load_kw"])
        for k in range(self.n):
            own = {d["id"]: self.power[d["id"]][k] for d in devices}

            def picked(key: str, own: dict[str, float] = own) -> list[float]:
                return [own[d["id"]] for d in devices if d.get(key, True) is False]

            made = -sum(own[d["id"]] for d in devices if d["kind"] in ("pv", "chp"))
            charge = sum(max(0.0, p) for p in picked("grid_charge_allowed"))
            self.demand(charge <= made + 2 * KW, f"slot {k}: grid charging")
            used = base[k] - self.unserved[k] + sum(max(0.0, p) for p in own.values())
            given = sum(max(0.0, -p) for p in picked("grid_discharge_allowed"))
            self.demand(given <= used + 2 * KW, f"slot {k}: battery feeds the grid")
            others = sum(max(0.0, -own[d["id"]]) for d in devices if d["kind"] != "battery")
            cars = sum(max(0.0, p) for p in picked("from_battery_allowed"))
            supply = max(0.0, self.plan["grid_kw"][k]) + others
            self.demand(cars <= supply + 2 * KW, f"slot {k}: battery feeds the car")

    def says(self, d: dict[str, Any], path: list[Any], tolerance: float) -> None:
        said = self.plan["devices"][d["id"]][STATE[d["kind"]]]
        for k, value in enumerate(path):
            same = said[k] is None if value is None else said[k] is not None and abs(said[k] - value) <= tolerance
            self.demand(same, f"{d['id']}: says {said[k]} in slot {k}, the power gives {value}")

    def claims(self) -> None:
        cost, said = self.verdict.cost, self.plan["objective"]
        self.demand(abs(said - cost) <= MONEY + 1e-6 * abs(cost), f"objective {said}, the powers cost {cost}")
        if self.plan["status"] == "fallback":
            self.demand(self.plan["bound"] is None and self.plan["gap"] is None, "a fallback has proven nothing")
        else:
            self.demand(self.plan["bound"] <= cost + MONEY + 1e-6 * abs(cost), "bound above objective")
            self.demand(self.plan["gap"] >= -1e-9, "negative gap")
        told: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for v in self.plan["violations"]:
            told[(v["device"], v["wish"])][v["slot"]] = v["amount"]
        for key in set(told) | set(self.verdict.broken):
            real = self.verdict.broken.get(key, {})
            for k in set(told[key]) | set(real):
                off = abs(told[key].get(k, 0.0) - real.get(k, 0.0))
                self.demand(off <= 0.02 + 0.01 * real.get(k, 0.0), f"{key} slot {k}: wrongly told")


def judge(case: dict[str, Any], plan: dict[str, Any]) -> Verdict:
    """The verdict on a plan document for a case document."""
    return Judge(case, plan).judge()
