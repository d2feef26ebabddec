"""Planning under uncertainty in closed loop: forecast, plan, act on what was measured. `scripts/bench closed_loop`.

Homes with measured load and generation get a battery. Every hour each policy plans the next day, then the hour's own
load and generation become known and the battery follows them. The futures of the stochastic plan are those of a
running home (`hems.forecasting.continuations`), with five days or more of remembered forecasts and without any.
"""

import argparse
import gzip
import pathlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import table, write
from hems.forecasting.continuations import Continuations, continuations
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.issued import IssuedPaths, Measured, Path
from hems.forecasting.series import DAY_S, Forecast, Kind, Series
from hems.forecasting.trained import train
from hems.planning.device import Battery, Pv
from hems.planning.futures.future import Future
from hems.planning.futures.ways import ways_on
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.planning.tariff import Tariff

Floats = NDArray[np.float64]

WHAT = """\
* **Homes:** measured hourly load and generation, Fontana, California (CityLearn Challenge 2022 data, MIT), each with
  a battery of 10 kWh and 5 kW (0.95 each way, wear 0.01 per kWh), their time-of-use tariff, and 0.05 for feed-in.
* **Rules:** surplus in, need out. **Median, mean:** planned on that path of the next 24 hours. **First days:**
  planned over futures drawn from the quantiles, as a home does that remembers no forecasts yet. **Stochastic:**
  planned over futures from errors of remembered forecasts. **Perfect:** planned on what will be measured. The hour's
  own load and sun are known to all.
* **Cost** in USD, stored energy at the end counted. **Gap closed:** share of the way from rules to perfect."""
DATA = pathlib.Path(__file__).parents[1] / "twin" / "data"
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
    """Forecasts of load and generation issued at each hour of a window."""

    load: tuple[Forecast, ...]
    pv: tuple[Forecast, ...]


def forecasts(house: House, first: int, end: int) -> Forecasts:
    """What was expected at each hour from `first` to before `end`, with weekly training."""
    return Forecasts(
        load=_issued(house, "load", house.load_kw, first, end), pv=_issued(house, "pv", house.pv_kw, first, end)
    )


def _issued(house: House, kind: Kind, values: Floats, first: int, end: int) -> tuple[Forecast, ...]:
    made, model = list[Forecast](), None
    for at in range(first, end):
        known = past(house, values, at)
        if (at - first) % (7 * DAY) == 0:
            model = train(known, slot_s=HOUR_S, timezone=ZONE, seed=1, kind=kind)
        recent = known.since(known.end_epoch_s - 120 * DAY_S)
        made.append(best_forecast(model, recent, known.end_epoch_s, HORIZON, timezone=ZONE, kind=kind))
    return tuple(made)


def past(house: House, values: Floats, at: int) -> Series:
    """What is known at the start of an hour."""
    return Series(start_epoch_s=house.start_s, slot_s=HOUR_S, values_kw=values[:at])


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
    house: House, made: Forecasts, first: int, *, count: int = 0, remembers: bool = True, median: bool = False
) -> Policy:
    """The planner's battery power: on one path (`count` 0), or over `count` futures beside it."""
    planner, issued = Planner(), IssuedPaths()

    def power(at: int, soc: float) -> float:
        load, pv = made.load[at - first], made.pv[at - first]
        load_kw, pv_kw = (one.quantiles[0.5].copy() if median else one.mean_kw.copy() for one in (load, pv))
        load_kw[0], pv_kw[0] = house.load_kw[at], house.pv_kw[at]
        futures: tuple[Future, ...] = ()
        if count:
            measured = Measured(load=past(house, house.load_kw, at), pv=past(house, house.pv_kw, at))
            futures = _futures(load_kw, pv_kw, continuations(load, pv, issued, measured, timezone=ZONE), count)
        planner.plan(problem(house, at, load_kw, pv_kw, soc), explain=False, futures=futures)
        return _battery_kw(planner, float(load_kw[0]), float(pv_kw[0]))

    def remembering(at: int, soc: float) -> float:
        if not issued.paths():  # the window begins with weeks of forecasts
            for earlier in range(first, at):
                issued.add(_path(made, earlier - first))
        made_kw = power(at, soc)
        issued.add(_path(made, at - first))
        return made_kw

    return remembering if count and remembers else power


def _path(made: Forecasts, place: int) -> Path:
    load, pv = made.load[place], made.pv[place]
    return Path.of(load.start_epoch_s, load.mean_kw, pv.mean_kw)


def _futures(load_kw: Floats, pv_kw: Floats, paths: Continuations, count: int) -> tuple[Future, ...]:
    """The path that is shown, hardly counting, and the ways on."""
    shown = Future(probability=1e-6, base_kw=load_kw, available_kw={"pv": pv_kw})
    ways = ways_on(paths, count)
    return (
        shown,
        *(Future(probability=w.probability, base_kw=w.base_kw, available_kw={"pv": w.pv_kw}) for w in ways),
    )


def foreseeing(house: House) -> Policy:
    """The planner's battery power on what will be measured."""
    planner = Planner()

    def power(at: int, soc: float) -> float:
        load, pv = house.load_kw[at : at + HORIZON], house.pv_kw[at : at + HORIZON]
        planner.plan(problem(house, at, load, pv, soc), explain=False)
        return _battery_kw(planner, float(load[0]), float(pv[0]))

    return power


def _battery_kw(planner: Planner, load_kw: float, pv_kw: float) -> float:
    return planner.replan_slot0(base_kw=load_kw, pv_available_kw={"pv": pv_kw}).power_kw["battery"]


NAMES = ("rules", "median", "mean", "first days", "stochastic", "perfect")
WINDOWS = {"winter": "2016-12-10", "spring": "2017-03-10", "summer": "2017-06-10"}
SHARES = NAMES[1:-1]
HEAD = ("days from", "home", *NAMES, f"gap closed: {SHARES[0]}", *SHARES[1:])


def measured(house: House, first: int, days: int, count: int) -> dict[str, float]:
    """Cost of each policy over the days [currency]."""
    begin, end = first - (ERROR_DAYS + 1) * DAY, first + days * DAY
    made = forecasts(house, begin, end)
    policies = {
        "rules": by_rules(house),
        "median": planned(house, made, begin, median=True),
        "mean": planned(house, made, begin),
        "first days": planned(house, made, begin, count=count, remembers=False),
        "stochastic": planned(house, made, begin, count=count),
        "perfect": foreseeing(house),
    }
    return {name: run(house, first, end, policy) for name, policy in policies.items()}


def closed(costs: dict[str, float], name: str) -> float:
    """Share of the gap between rules and perfect foresight."""
    return (costs["rules"] - costs[name]) / max(costs["rules"] - costs["perfect"], 1e-9)


def row(window: str, name: str, costs: dict[str, float]) -> list[str]:
    """A line of the table; shares only where foresight is worth anything."""
    worth = costs["rules"] - costs["perfect"] > 0.01 * abs(costs["rules"])
    shares = [f"{closed(costs, n):.2f}" if worth else "-" for n in SHARES]
    return [window, name, *(f"{costs[n]:.2f}" for n in NAMES), *shares]


def interval(gains: Floats, seed: int = 1) -> tuple[float, float]:
    """95 % bootstrap interval of a mean (percentiles of 10,000 resamples)."""
    rng = np.random.default_rng(seed)
    means = rng.choice(gains, (10_000, len(gains))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _hour(house: House, day: str) -> int:
    """The hour of a house's axis at which a day begins (UTC)."""
    return (int(np.datetime64(day, "s").astype(np.int64)) - house.start_s) // HOUR_S


def _cheaper(name: str, gains: Floats) -> str:
    low, high = interval(gains)
    worth = f"{gains.mean():.3f} USD per home and day cheaper, 95 % interval {low:.3f} to {high:.3f}"
    return f"* Stochastic against deterministic on the {name}: {worth}."


def main() -> None:
    """Runs all homes over all windows and writes the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench closed_loop", description=__doc__)
    parser.add_argument("--homes", type=int, default=6, help="homes with generation [6]")
    parser.add_argument("--days", type=int, default=30, help="days in each window [30]")
    parser.add_argument("--futures", type=int, default=10, help="futures of the stochastic plan [10]")
    parser.add_argument("--processes", type=int, default=2, help="processes to compute on [2]")
    args = parser.parse_args()
    rows, gains, sums = [], [], dict.fromkeys(NAMES, 0.0)
    tasks = [(house, window, day) for house in houses(args.homes) for window, day in WINDOWS.items()]
    with ProcessPoolExecutor(args.processes) as pool:
        waiting = [
            pool.submit(measured, house, _hour(house, day), args.days, args.futures) for house, _, day in tasks
        ]
        for (house, window, day), task in zip(tasks, waiting, strict=True):
            costs = task.result()
            rows.append(row(f"{window} {day}", house.name, costs))
            print(" ".join(rows[-1]), flush=True)
            gains.append([(costs[name] - costs["stochastic"]) / args.days for name in ("median", "mean")])
            sums = {name: sums[name] + costs[name] for name in NAMES}
    rows.append(row("all", "", sums))
    found = [_cheaper(name, np.array(gains)[:, k]) for k, name in enumerate(("median", "mean"))]
    mean = "\n".join([*found, "(Intervals by bootstrap over homes and windows.)"])
    made = table(HEAD, rows)
    print(made, mean, sep="\n")
    how = f"one run of {args.homes} homes over {args.days} days, {args.futures} futures beside the forecast"
    print(write("closed_loop", how, [WHAT, made, mean]))


if __name__ == "__main__":
    main()
