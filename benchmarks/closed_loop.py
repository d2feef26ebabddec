"""Planning under uncertainty in closed loop: forecast, plan, act on what was measured. `scripts/bench closed_loop`.

Homes with measured load and generation get a battery. Every hour each policy plans the next day, then the hour's own
load and generation become known and the battery follows them. The futures of the stochastic plan are the forecast
plus what forecasts issued at the same hour of the days before were wrong by, load and generation together.
"""

import argparse
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import table, write
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.series import Kind, Series
from hems.forecasting.trained import train
from hems.planning.device import Battery, Pv
from hems.planning.futures.future import NO_RISK, Future, Risk
from hems.planning.futures.reduction import reduced
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.planning.tariff import Tariff

Floats = NDArray[np.float64]

WHAT = """\
* **Homes:** measured hourly load and generation, Fontana, California (CityLearn Challenge 2022 data, MIT), each with
  a battery of 10 kWh and 5 kW (0.95 each way, wear 0.01 per kWh), their time-of-use tariff, and 0.05 for feed-in.
* **Rules:** surplus in, need out. **Deterministic:** planned on the forecast of the next 24 hours. **Stochastic:**
  planned over futures beside the forecast. **Perfect:** planned on what will be measured. The hour's own load and sun
  are known to all.
* **Cost** in USD, stored energy at the end counted. **Gap closed:** share of the way from rules to perfect."""
DATA = Path(__file__).parents[1] / "twin" / "data"
ZONE = "America/Los_Angeles"
HOUR_S, DAY, HORIZON = 3600, 24, 24
EXPORT_PER_KWH = 0.05
ERROR_DAYS = 28
CAPACITY_KWH, POWER_KW, EFFICIENCY, WEAR = 10.0, 5.0, 0.95, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Measured load and generation [kW] and retail price [currency/kWh] by the hour from `start_s` on."""

    name: str
    start_s: int
    load_kw: Floats
    pv_kw: Floats
    price: Floats


def houses(count: int) -> list[House]:
    """The shipped homes that have generation, the first `count` of them."""
    with gzip.open(DATA / "fontana_tou_tariff_60min_2016_2017.csv.gz", "rt", encoding="utf-8") as file:
        next(file)
        prices = {line.split(",")[0]: float(line.split(",")[2]) for line in file}
    rows: dict[str, list[list[str]]] = {}
    with gzip.open(DATA / "fontana_ca_load_pv_60min.csv.gz", "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            time, name, load, pv = line.rstrip("\n").split(",")
            rows.setdefault(name, []).append([time, load, pv])
    return [made for name in sorted(rows) if (made := _house(name, rows[name], prices)) is not None][:count]


def _house(name: str, rows: list[list[str]], prices: dict[str, float]) -> House | None:
    times = np.array([row[0].rstrip("Z") for row in rows], dtype="datetime64[s]").astype(np.int64)
    slots = (times - times[0]) // HOUR_S
    load, pv, price = (np.full(int(slots[-1]) + 1, np.nan) for _ in range(3))
    for slot, row in zip(slots.tolist(), rows, strict=True):
        load[slot], pv[slot] = (float(value) if value else np.nan for value in row[1:])
        price[slot] = prices.get(row[0], np.nan)
    if not np.nan_to_num(pv).any():
        return None
    return House(name=name, start_s=int(times[0]), load_kw=_held(load), pv_kw=_held(pv), price=_held(price))


def _held(values: Floats) -> Floats:
    """Values with each gap filled by what stands before it."""
    known = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return np.asarray(values[known])


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """Paths issued at each hour of a window, load and generation [kW], each (hours, HORIZON)."""

    load_kw: Floats
    pv_kw: Floats


def forecasts(house: House, first: int, end: int) -> Forecasts:
    """What was expected at each hour from `first` to before `end`, with weekly training."""
    made = {}
    for kind, values in (("load", house.load_kw), ("pv", house.pv_kw)):
        made[kind] = _paths(house, kind, values, first, end)  # type: ignore[arg-type]
    return Forecasts(load_kw=made["load"], pv_kw=made["pv"])


def _paths(house: House, kind: Kind, values: Floats, first: int, end: int) -> Floats:
    paths, model = np.empty((end - first, HORIZON)), None
    for at in range(first, end):
        known = Series(start_epoch_s=house.start_s, slot_s=HOUR_S, values_kw=values[:at])
        if (at - first) % (7 * DAY) == 0:
            model = train(known, slot_s=HOUR_S, timezone=ZONE, seed=1, kind=kind)
        issue_s = house.start_s + at * HOUR_S
        recent = known.since(issue_s - 40 * DAY * HOUR_S)
        paths[at - first] = best_forecast(model, recent, issue_s, HORIZON, timezone=ZONE, kind=kind).mean_kw
    return paths


def problem(house: House, at: int, load_kw: Floats, pv_kw: Floats, soc: float) -> Problem:
    """The next day as expected; slot 0 as measured."""
    price = house.price[at : at + HORIZON]
    stored = (EXPORT_PER_KWH + float(price.min())) / 2.0 * EFFICIENCY
    n = len(load_kw)
    return Problem(
        slot_h=1.0,
        base_kw=load_kw,
        import_limit_kw=np.full(n, np.inf),
        export_limit_kw=np.full(n, np.inf),
        lost_load_value_per_kwh=10.0,
        tariff=Tariff(import_price_per_kwh=price, export_price_per_kwh=np.full(n, EXPORT_PER_KWH)),
        devices=(
            Pv(id="pv", available_kw=pv_kw),
            Battery(
                id="battery",
                capacity_kwh=CAPACITY_KWH,
                charge_kw_max=POWER_KW,
                discharge_kw_max=POWER_KW,
                soc_initial=soc,
                charge_efficiency=EFFICIENCY,
                discharge_efficiency=EFFICIENCY,
                wear_per_kwh=WEAR,
                final_value_per_kwh=stored,
            ),
        ),
    )


Policy = Callable[[int, float], float]


def run(house: House, first: int, end: int, policy: Policy) -> float:
    """Cost of the hours from `first` to before `end` [currency], stored energy at the end counted at its worth."""
    soc, cost = 0.5, 0.0
    for at in range(first, end):
        power = policy(at, soc)
        stored = soc * CAPACITY_KWH + (power * EFFICIENCY if power > 0 else power / EFFICIENCY)
        assert -1e-6 <= stored <= CAPACITY_KWH + 1e-6
        soc = min(max(stored / CAPACITY_KWH, 0.0), 1.0)
        net = house.load_kw[at] - house.pv_kw[at] + power
        cost += net * (house.price[at] if net > 0 else EXPORT_PER_KWH) + WEAR * max(0.0, -power)
    return cost - (soc - 0.5) * CAPACITY_KWH * (EXPORT_PER_KWH + float(house.price[first:end].min())) / 2.0


def by_rules(house: House) -> Policy:
    """Surplus in, need out."""

    def power(at: int, soc: float) -> float:
        net = house.load_kw[at] - house.pv_kw[at]
        most_in = (1.0 - soc) * CAPACITY_KWH / EFFICIENCY
        return max(-net, -POWER_KW, -soc * CAPACITY_KWH * EFFICIENCY) if net > 0 else min(-net, POWER_KW, most_in)

    return power


def planned(
    house: House, paths: Forecasts, first: int, *, count: int = 0, risk: Risk = NO_RISK, foresight: bool = False
) -> Policy:
    """The planner's battery power: on one path (`count` 0), or over `count` futures beside it."""
    planner = Planner()

    def power(at: int, soc: float) -> float:
        load, pv = house.load_kw[at : at + HORIZON].copy(), house.pv_kw[at : at + HORIZON].copy()
        futures: tuple[Future, ...] = ()
        if not foresight:
            load[1:], pv[1:] = paths.load_kw[at - first, 1:], paths.pv_kw[at - first, 1:]
            if count:
                futures = _futures(house, paths, at, at - first, count)
        planner.plan(problem(house, at, load, pv, soc), explain=False, futures=futures, risk=risk)
        made = planner.replan_slot0(base_kw=float(load[0]), pv_available_kw={"pv": float(pv[0])})
        return made.power_kw["battery"]

    return power


def _futures(house: House, paths: Forecasts, at: int, place: int, count: int) -> tuple[Future, ...]:
    """The path itself and what the errors of the same hour of the last days make of it, reduced to `count` more."""
    load, pv = paths.load_kw[place], paths.pv_kw[place]
    loads, suns = [load], [pv]
    for days in range(1, ERROR_DAYS + 1):
        back = DAY * days
        seen = slice(at - back, at - back + HORIZON)
        loads.append(np.maximum(0.0, load + house.load_kw[seen] - paths.load_kw[place - back]))
        sun = np.maximum(0.0, pv + house.pv_kw[seen] - paths.pv_kw[place - back])
        suns.append(np.where(pv > 0.0, sun, 0.0))
    chosen, share = reduced((np.array(loads) - np.array(suns))[1:], count)
    picked = zip((0, *(chosen + 1).tolist()), (1e-6, *share.tolist()), strict=True)
    return tuple(Future(probability=p, base_kw=loads[i], available_kw={"pv": suns[i]}) for i, p in picked)


NAMES = ("rules", "deterministic", "stochastic", "perfect")
WINDOWS = {"winter": "2016-12-10", "spring": "2017-03-10", "summer": "2017-06-10"}
HEAD = ("days from", "home", *NAMES, "gap closed: deterministic", "stochastic")


def measured(house: House, first: int, days: int, count: int) -> dict[str, float]:
    """Cost of each policy over the days [currency]."""
    begin, end = first - (ERROR_DAYS + 1) * DAY, first + days * DAY
    paths = forecasts(house, begin, end)
    policies = {
        "rules": by_rules(house),
        "deterministic": planned(house, paths, begin),
        "stochastic": planned(house, paths, begin, count=count),
        "perfect": planned(house, paths, begin, foresight=True),
    }
    return {name: run(house, first, end, policy) for name, policy in policies.items()}


def closed(costs: dict[str, float], name: str) -> float:
    """Share of the gap between rules and perfect foresight."""
    return (costs["rules"] - costs[name]) / max(costs["rules"] - costs["perfect"], 1e-9)


def row(window: str, name: str, costs: dict[str, float]) -> list[str]:
    """A line of the table; shares only where foresight is worth anything."""
    worth = costs["rules"] - costs["perfect"] > 0.01 * abs(costs["rules"])
    shares = [f"{closed(costs, n):.2f}" if worth else "-" for n in ("deterministic", "stochastic")]
    return [window, name, *(f"{costs[n]:.2f}" for n in NAMES), *shares]


def interval(gains: Floats, seed: int = 1) -> tuple[float, float]:
    """95 % bootstrap interval of a mean (percentiles of 10,000 resamples)."""
    rng = np.random.default_rng(seed)
    means = rng.choice(gains, (10_000, len(gains))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def main() -> None:
    """Runs all homes over all windows and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench closed_loop", description=__doc__)
    parser.add_argument("--homes", type=int, default=6, help="homes with generation [6]")
    parser.add_argument("--days", type=int, default=30, help="days in each window [30]")
    parser.add_argument("--futures", type=int, default=10, help="futures of the stochastic plan [10]")
    args = parser.parse_args()
    rows, gains, sums = [], [], dict.fromkeys(NAMES, 0.0)
    for house in houses(args.homes):
        for window, day in WINDOWS.items():
            first = (int(np.datetime64(day, "s").astype(np.int64)) - house.start_s) // HOUR_S
            costs = measured(house, first, args.days, args.futures)
            rows.append(row(f"{window} {day}", house.name, costs))
            print(" ".join(rows[-1]), flush=True)
            gains.append((costs["deterministic"] - costs["stochastic"]) / args.days)
            sums = {name: sums[name] + costs[name] for name in NAMES}
    rows.append(row("all", "", sums))
    low, high = interval(np.array(gains))
    cheaper = f"{np.mean(gains):.3f} USD per home and day cheaper, 95 % interval {low:.3f} to {high:.3f}"
    mean = f"Stochastic against deterministic: {cheaper} (bootstrap over homes and windows)."
    made = table(HEAD, rows)
    print(made, mean, sep="\n")
    how = f"one run of {args.homes} homes over {args.days} days, {args.futures} futures beside the forecast"
    print(write("closed_loop", how, [WHAT, made, mean]))


if __name__ == "__main__":
    main()
