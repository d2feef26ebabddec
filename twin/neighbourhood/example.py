"""An example neighbourhood that follows from a community and a seed: feeders of a street, limits, losses, wishes.

It is there to show what a market does with a network; it is no model of a real one. All sizes are ours unless a
source is named.

* Homes stand on up to three feeders (zones), which lines join one after the other. A line is sized for `LINE_W` of
  every home on its smaller side: weak, so that it is full at times.
* A connection may sell `EXPORT_W` at most, in the far half of a feeder `EXPORT_FAR_W`, and never more than the home's
  own limit. Source: SA Power Networks, Flexible Exports: fixed limits of 5 kW, and of 1.5 kW per phase where the
  network is full.
* Losses grow from 1 % inside a feeder to 5 % over two lines. Source: CEER 2025, 3rd Report on Power Losses: 2 % to
  23 % of what enters European distribution networks.
* A kWh pays for each line that it passes, and a third of that inside a feeder. Charge and premiums are parts of what
  there is to share, the mean of retail less feed-in price.
* Homes with PV sell green energy, batteries alone local energy. Every third member takes green energy only, and adds
  a premium for it; the next one adds a premium for one neighbour with PV.
"""

import random
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from broker.io.network_config import NetworkSettings, PreferenceSettings
from hems.site.home import BatteryUnit, PvUnit
from twin.neighbourhood.neighbourhood import Neighbourhood
from twin.world import TwinHome, World

LINE_W = 500
EXPORT_W, EXPORT_FAR_W = 5_000, 1_500
LOSS_INSIDE, LOSS_PER_LINE = Decimal("0.01"), Decimal("0.02")
DISTANCE_INSIDE, DISTANCE_PER_LINE = Decimal("0.333"), Decimal(1)
CHARGE_SHARE, GREEN_SHARE, PARTNER_SHARE = 0.05, 0.10, 0.15
ORIGIN = "example"

Feeders = Sequence[Sequence[TwinHome]]


def example(world: World, seed: int) -> Neighbourhood:
    """The example neighbourhood of a world: the same for the same homes, prices and seed."""
    draw = random.Random(f"neighbourhood/{seed}")
    street = draw.sample(world.homes, len(world.homes))
    feeders = on_feeders(street)
    to_share = _to_share(world)
    network = NetworkSettings.model_validate(
        {
            "charge_per_kwh_and_distance": _price(CHARGE_SHARE * to_share),
            "zones": [{"name": _name(i), "meters": [home.name for home in own]} for i, own in enumerate(feeders)],
            "lines": _lines(feeders),
            "envelopes": [row for own in feeders for row in _envelopes(own)],
            "distances": _distances(len(feeders)),
        }
    )
    return Neighbourhood(origin=ORIGIN, network=network, preferences=_preferences(street, draw, to_share))


def on_feeders(street: Sequence[TwinHome]) -> Feeders:
    """The homes of a street in their order on one to three feeders, of about the same length."""
    count = 1 if len(street) == 1 else 2 if len(street) < 6 else 3
    borders = [round(i * len(street) / count) for i in range(count + 1)]
    return [street[first:end] for first, end in pairwise(borders)]


def _name(feeder: int) -> str:
    return f"feeder-{feeder + 1}"


def _lines(feeders: Feeders) -> list[dict[str, Any]]:
    sizes = [len(own) for own in feeders]
    return [
        {"from": _name(i), "to": _name(i + 1), "capacity_w": LINE_W * min(sum(sizes[: i + 1]), sum(sizes[i + 1 :]))}
        for i in range(len(feeders) - 1)
    ]


def _envelopes(feeder: Sequence[TwinHome]) -> list[dict[str, Any]]:
    far_from = len(feeder) - len(feeder) // 2
    return [
        {
            "meter": twin.name,
            "export_limit_w": min(EXPORT_FAR_W if i >= far_from else EXPORT_W, int(1000 * twin.home.export_limit_kw)),
            "import_limit_w": int(1000 * twin.home.import_limit_kw),
        }
        for i, twin in enumerate(feeder)
    ]


def _distances(feeders: int) -> list[dict[str, Any]]:
    """From every feeder to itself and to those behind it: it is as far back."""
    return [
        {
            "from": _name(i),
            "to": _name(j),
            "distance": (j - i) * DISTANCE_PER_LINE or DISTANCE_INSIDE,
            "loss": LOSS_INSIDE + (j - i) * LOSS_PER_LINE,
        }
        for i in range(feeders)
        for j in range(i, feeders)
    ]


def _to_share(world: World) -> float:
    """The mean of retail less feed-in price over the counted slots [currency/kWh], not below 0."""
    counted = slice(world.count_from, world.end)
    return max(0.0, float((world.retail_per_kwh[counted] - world.feed_in_per_kwh[counted]).mean()))


def _price(per_kwh: float) -> Decimal:
    return Decimal(f"{per_kwh:.3f}")


def _preferences(street: Sequence[TwinHome], draw: random.Random, to_share: float) -> dict[str, PreferenceSettings]:
    """What each member sells and wants, by meter."""
    sunny = [twin.name for twin in street if _has(twin, PvUnit)]
    wishing = draw.sample([twin.name for twin in street], len(street))
    wanted: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(wishing):
        partners = [seller for seller in sunny if seller != name]
        if k % 3 == 0 and partners:
            wanted[name] = {"min_quality": "green", "premiums": [_premium("green", GREEN_SHARE * to_share)]}
        elif k % 3 == 1 and partners:
            wanted[name] = {"premiums": [_premium(draw.choice(partners), PARTNER_SHARE * to_share)]}
    return {
        twin.name: PreferenceSettings.model_validate({"quality": _quality(twin), **wanted.get(twin.name, {})})
        for twin in street
    }


def _premium(of: str, per_kwh: float) -> dict[str, Any]:
    return {"of": of, "premium_per_kwh": _price(per_kwh)}


def _quality(twin: TwinHome) -> str:
    return "green" if _has(twin, PvUnit) else "local" if _has(twin, BatteryUnit) else "grey"


def _has(twin: TwinHome, kind: type[PvUnit] | type[BatteryUnit]) -> bool:
    return any(isinstance(unit, kind) for unit in twin.home.units)
