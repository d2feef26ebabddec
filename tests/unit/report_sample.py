"""A seeded, plausible run for tests of the report page: sun by day, cooking in the evening, a market in between."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from twin.report.data import ExampleHome, HomeInfo, MarketCurve, Reason, ReportData

START = datetime(2017, 6, 19, tzinfo=UTC)
SLOT_MINUTES = 15
PER_DAY = 24 * 60 // SLOT_MINUTES
LABELS = ("Maple", "Birch", "Cedar", "Rowan", "Alder", "Hazel", "Willow", "Linden", "Aspen", "Juniper")


def sample_report(*, days: int = 7, homes: int = 10, seed: int = 7) -> ReportData:
    """A report with every figure."""
    draw = random.Random(seed)
    slots = days * PER_DAY
    names = tuple(f"us_ca_fontana_{k + 1:02d}" for k in range(homes))
    sun = [max(0.0, math.sin((_hour(k) - 6) / 13 * math.pi)) * draw.uniform(0.7, 1.0) for k in range(slots)]
    load = [0.35 + 0.9 * _bump(_hour(k), 19.0, 2.2) + 0.3 * _bump(_hour(k), 7.5, 1.2) for k in range(slots)]
    net_kw = [homes * (load[k] * draw.uniform(0.8, 1.3) - 2.2 * sun[k]) for k in range(slots)]
    traded = [_traded(draw, homes, sun[k], load[k]) for k in range(slots)]
    retail = tuple(0.48 if 16 <= _hour(k) < 21 else 0.30 if 7 <= _hour(k) < 23 else 0.18 for k in range(slots))
    times = tuple((START + k * timedelta(minutes=SLOT_MINUTES)).strftime("%Y-%m-%dT%H:%M:%SZ") for k in range(slots))
    price = tuple(_price(draw, retail[k], sun[k]) if traded[k] > 0 else None for k in range(slots))
    return ReportData(
        results=_results(draw, names, slots, sum(traded), [p for p in price if p is not None]),
        currency="USD",
        times=times,
        price=price,
        retail=retail,
        feed_in=(0.07,) * slots,
        traded_kwh=tuple(traded),
        net_kwh=_net_kwh(draw, net_kw, homes),
        homes={name: _home(draw, k) for k, name in enumerate(names)},
        flows=_flows(sum(sun), sum(load), sum(traded), homes),
        example=_example(draw, names[0], min(PER_DAY, slots), net_kw, homes),
        curve=_curve(draw, slots),
        reasons=_reasons(names, times),
    )


def without_trade(data: ReportData) -> ReportData:
    """The same run when nobody traded: no price, no curve, no plan to show."""
    results = dict(data.results)
    results["cost"] = {**results["cost"], "market": results["cost"]["ems"]}
    results |= {"traded_kwh": 0.0, "local_share": 0.0, "efficiency": None, "community_optimum": None}
    results["price"] = {"mean": None, "min": None, "max": None}
    nothing = (0.0,) * len(data.times)
    none = (None,) * len(data.times)
    flows = {**data.flows, "local_trade_kwh": 0.0}
    return replace(
        data, results=results, price=none, traded_kwh=nothing, flows=flows, example=None, curve=None, reasons=()
    )


def _hour(slot: int) -> float:
    return slot % PER_DAY * SLOT_MINUTES / 60


def _bump(hour: float, centre: float, width: float) -> float:
    return math.exp(-(((hour - centre) / width) ** 2))


def _traded(draw: random.Random, homes: int, sun: float, load: float) -> float:
    wanted = homes * draw.uniform(0.02, 0.07) * (0.2 + sun + load)
    return round(wanted, 3) if sun > 0.05 or draw.random() < 0.35 else 0.0


def _price(draw: random.Random, retail: float, sun: float) -> float:
    share = 0.75 - 0.6 * sun + draw.uniform(-0.06, 0.06)
    return round(0.07 + (retail - 0.07) * min(1.0, max(0.0, share)), 4)


def _net_kwh(draw: random.Random, net_kw: list[float], homes: int) -> dict[str, tuple[float, ...]]:
    hours = SLOT_MINUTES / 60
    cars = [homes * 0.9 * _bump(_hour(k), 18.0, 1.5) * draw.uniform(0.5, 1.5) for k in range(len(net_kw))]
    night = [homes * 0.7 * _bump(_hour(k), 2.5, 2.0) for k in range(len(net_kw))]
    return {
        "unmanaged": tuple((n + c) * hours for n, c in zip(net_kw, cars, strict=True)),
        "ems": tuple((0.7 * n + c) * hours for n, c in zip(net_kw, night, strict=True)),
        "market": tuple((0.5 * n + 0.8 * c) * hours for n, c in zip(net_kw, night, strict=True)),
    }


def _home(draw: random.Random, k: int) -> HomeInfo:
    devices = ["PV 4.2 kW", "battery 10 kWh"] if k % 3 else ["PV 4.2 kW"]
    devices += ["car 7.4 kW"] if draw.random() < 0.6 else []
    return HomeInfo(
        label=f"{LABELS[k % len(LABELS)]} house" + ("" if k < len(LABELS) else f" {k}"),
        devices=tuple(devices),
        notes="Load and sun are measured, devices are assumed." if k == 0 else "",
    )


def _flows(sun: float, load: float, traded_kwh: float, homes: int) -> dict[str, float]:
    hours = SLOT_MINUTES / 60
    flows = {
        "pv_kwh": 2.2 * sun * homes * hours,
        "load_kwh": load * homes * hours,
        "ev_kwh": 0.22 * load * homes * hours,
        "other_devices_kwh": 0.05 * load * homes * hours,
        "battery_charged_kwh": 0.30 * load * homes * hours,
        "battery_discharged_kwh": 0.27 * load * homes * hours,
        "local_trade_kwh": traded_kwh,
        "import_kwh": 0.31 * load * homes * hours,
    }
    came = flows["pv_kwh"] + flows["battery_discharged_kwh"] + flows["import_kwh"]
    used = flows["load_kwh"] + flows["ev_kwh"] + flows["other_devices_kwh"] + flows["battery_charged_kwh"]
    return {**flows, "export_kwh": came - used}


def _example(draw: random.Random, home: str, length: int, net_kw: list[float], homes: int) -> ExampleHome:
    start = max(0, min(PER_DAY * 2, len(net_kw) - length))
    plan = [net_kw[start + k] / homes for k in range(length)]
    soc = [0.5 - 0.4 * math.cos((k / PER_DAY * 24 - 3) / 24 * 2 * math.pi) for k in range(length)]
    return ExampleHome(
        home=home,
        plan_start=start,
        plan_net_kw=tuple(plan),
        plan_soc=tuple(soc),
        happened_net_kw=tuple(p + draw.gauss(0, 0.35) for p in plan),
        happened_soc=tuple(min(1.0, max(0.0, s + 0.05 * math.sin(k / 7))) for k, s in enumerate(soc)),
        marginal_price=tuple(0.12 + 0.2 * (1 - _bump(_hour(start + k), 13, 5)) for k in range(length)),
    )


def _curve(draw: random.Random, slots: int) -> MarketCurve:
    demand = sorted(
        ((round(draw.uniform(0.08, 0.30), 4), draw.randint(40, 400) / 1000) for _ in range(14)), reverse=True
    )
    supply = sorted((round(draw.uniform(0.07, 0.26), 4), draw.randint(40, 450) / 1000) for _ in range(12))
    volume_kwh = price = 0.0
    wanted, offered = list(demand), list(supply)
    while wanted and offered and wanted[0][0] >= offered[0][0]:
        (bid, want), (ask, have) = wanted[0], offered[0]
        step = min(want, have)
        volume_kwh, price = volume_kwh + step, (bid + ask) / 2
        wanted = [(bid, want - step), *wanted[1:]] if want > step else wanted[1:]
        offered = [(ask, have - step), *offered[1:]] if have > step else offered[1:]
    return MarketCurve(
        slot=min(slots - 1, 44), demand=tuple(demand), supply=tuple(supply), price=price, volume_kwh=volume_kwh
    )


def _reasons(names: tuple[str, ...], times: tuple[str, ...]) -> tuple[Reason, ...]:
    home, last = names[0], len(times) - 1
    return (
        (times[min(40, last)], home, "battery", 2.5, "solar_surplus", "stores 1.2 kWh of sun that is not needed now"),
        (times[min(74, last)], home, "battery", -3.1, "price_high",
         "gives 2.4 kWh instead of buying at 0.480 per kWh; the mean is 0.291"),
        (times[min(9, last)], names[-1], "ev", 7.4, "price_low",
         "charges 9.3 kWh at 0.180 per kWh, below the mean 0.287 of its stay"),
        (times[min(50, last)], names[-1], "pv", -3.4, "feed_in", "feeds in what is left, worth 0.070 per kWh"),
    )  # fmt: skip


def _results(
    draw: random.Random, names: tuple[str, ...], slots: int, traded_kwh: float, prices: list[float]
) -> dict[str, Any]:
    unmanaged = {name: round(draw.uniform(-2, 34), 4) for name in names}
    ems = {name: round(cost * draw.uniform(0.7, 0.9) - 1, 4) for name, cost in unmanaged.items()}
    market = {name: round(cost - draw.uniform(0.1, 3.2), 4) for name, cost in ems.items()}
    market[names[-1]] = round(ems[names[-1]] + 0.1234, 4)
    optimum = sum(market.values()) - 5.5
    gain = sum(ems.values()) - sum(market.values())
    return {
        "homes": list(names),
        "slots": slots,
        "slot_minutes": SLOT_MINUTES,
        "seed": 1,
        "mechanism": "uniform_price",
        "foresight": "real",
        "cost": {"unmanaged": unmanaged, "ems": ems, "market": market},
        "community_optimum": optimum,
        "efficiency": gain / (sum(ems.values()) - optimum),
        "traded_kwh": traded_kwh,
        "imbalance_kwh": 41.2,
        "local_share": 0.412,
        "self_sufficiency": 0.687,
        "peak_import_kw": {"unmanaged": 23.41, "ems": 15.2, "market": 11.07},
        "price": {"mean": sum(prices) / len(prices), "min": min(prices), "max": max(prices)}
        if prices
        else {"mean": None, "min": None, "max": None},
        "ledger": {"entries": 13_440, "sum_nano": 0, "head": "9f2c" * 16},
        "wall_s": 812.4,
        "plans": slots * len(names),
        "orders": slots * len(names) - 12,
        "losers": [names[-1]],
        "network": {
            "note": "example: 3 zones of 3 + 4 + 3 homes, lines of 1.5 kW, connections export at most 1.5 to 5 kW",
            "limited_slots": 12,
            "split_slots": 9,
            "kept": 0.125,
        },
    }
