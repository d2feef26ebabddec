"""One community under several mechanisms side by side: what `compare.json` holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from broker.clearing.outcome import Rules
from broker.mechanisms.catalogue import MECHANISMS
from broker.sharing.fairness import gini, shapley_bills, shapley_distance
from broker.sharing.shares import Need
from twin.results import LOSS_TOLERANCE
from twin.run import Run
from twin.schemes.trace import MarketTrace
from twin.world import World
from wire.quantities import NANO_PER_UNIT, micro_per_kwh
from wire.slots import parse_utc

KEPT = (
    *("efficiency", "efficiency_with_operator", "operator_balance", "traded_kwh", "shared_kwh", "imbalance_kwh"),
    *("local_share", "self_sufficiency", "price", "takes_orders", "orders", "ledger"),
)


def comparison(world: World, runs: Mapping[str, Run]) -> dict[str, Any]:
    """The comparison of runs of one world, by mechanism; costs in currency with the worth of stored energy."""
    first = next(iter(runs.values())).results
    return {
        **{key: first[key] for key in ("name", "homes", "slots", "slot_minutes", "start", "seed", "foresight")},
        "currency": world.currency,
        "tariff": first["tariff"],
        "notes": first["notes"],
        "cost": {scheme: first["cost"][scheme] for scheme in ("unmanaged", "ems")},
        "community_optimum": first["community_optimum"],
        "efficiency_shared_alone": first["efficiency_shared_alone"],
        "peak_import_kw": {scheme: first["peak_import_kw"][scheme] for scheme in ("unmanaged", "ems")},
        "mechanisms": {name: _column(world, run) for name, run in runs.items()},
        "wall_s": first["wall_s"],
    }


def _column(world: World, run: Run) -> dict[str, Any]:
    found = run.results
    alone, traded = found["cost"]["ems"], found["cost"]["market"]
    saved = {home: alone[home] - traded[home] for home in found["homes"]}
    return {
        "title": MECHANISMS[found["mechanism"]].title,
        "cost": traded,
        "total": sum(traded.values()),
        "saved": sum(saved.values()),
        "winners": {home: s for home, s in saved.items() if s > LOSS_TOLERANCE},
        "losers": {home: -s for home, s in saved.items() if s < -LOSS_TOLERANCE},
        "peak_import_kw": found["peak_import_kw"]["market"],
        **{key: found[key] for key in KEPT},
        **({"network": found["network"]} if "network" in found else {}),
        "fairness": fairness(world, run.market, saved),
        "notes": sorted({c.note for c in run.market.clearings if c.note}),
    }


def fairness(world: World, market: MarketTrace, saved: Mapping[str, float]) -> dict[str, float | None]:
    """Gini coefficient of what homes save, and how far their bills are from the Shapley value of the same energy.

    A home that loses counts as one that saves nothing in the coefficient; losses are named beside it. The reference
    is the Shapley value of what was metered, so it says nothing of what homes stored. None: nothing to divide.
    """
    inequality = gini(max(round(s * NANO_PER_UNIT), 0) for s in saved.values())
    slots = metered_needs(world, market)
    alone = dict.fromkeys(saved, 0)
    for needs in slots:
        for need in needs:
            alone[need.meter] += need.alone_nano
    reference = dict.fromkeys(saved, 0) | shapley_bills((needs, Rules()) for needs in slots)
    bills = {home: market.cost_nano.get(home, 0) for home in saved}
    distance = shapley_distance(bills, reference, alone)
    return {
        "gini_of_savings": None if inequality is None else float(inequality),
        "shapley_distance": None if distance is None else float(distance),
    }


def metered_needs(world: World, market: MarketTrace) -> list[Sequence[Need]]:
    """What every home drew or delivered in each slot, as if nothing had been awarded."""
    slots: dict[str, list[Need]] = {}
    for settlement in market.settlements:
        index = world.index_at(parse_utc(settlement.slot))
        retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
        slots.setdefault(settlement.slot, []).append(Need(settlement.meter, settlement.metered_wh, retail, feed_in))
    return [slots[slot] for slot in sorted(slots)]
