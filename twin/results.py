"""`results.json` of a run (INTERFACES 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broker.mechanisms.catalogue import MECHANISMS
from twin.exchanges import Exchanged, exchanges
from twin.neighbourhood.effects import effects
from twin.neighbourhood.given import given
from twin.optimum import Optimum
from twin.schemes.trace import MarketTrace, Trace
from twin.world import World
from wire.quantities import MICRO_PER_UNIT, NANO_PER_UNIT

LOSS_TOLERANCE = 1e-9


def results(
    world: World, traces: Mapping[str, Trace], market: MarketTrace, optimum: Optimum, *, seed: int, foresight: str
) -> dict[str, Any]:
    """The results of a run without its wall-clock fields; costs in currency with the worth of stored energy.

    `community_optimum` is what was proven that no plan can be below, null when nothing was. `network` is there where
    the mechanism looks at one, or at preferences.
    """
    every = {**traces, "market": market}
    costs = {scheme: trace.cost(world) for scheme, trace in every.items()}
    has_orders = is_auction(market.mechanism)
    inside = exchanges(world, market.clearings, market.settlements)
    operator = market.operator_nano / NANO_PER_UNIT
    around = given(world, market.mechanism, seed)
    return {
        "name": world.name,
        "homes": [twin.name for twin in world.homes],
        "slots": world.counted_slots,
        "slot_minutes": world.first.minutes,
        "start": world.slot(world.count_from).label,
        "seed": seed,
        "mechanism": market.mechanism,
        "takes_orders": has_orders,
        "foresight": foresight,
        "cost": costs,
        "community_optimum": optimum.bound,
        "efficiency": efficiency(costs, optimum.bound),
        "losers": sorted(n for n, c in costs["market"].items() if c > costs["ems"][n] + LOSS_TOLERANCE),
        "efficiency_with_operator": efficiency(costs, optimum.bound, operator),
        "efficiency_shared_alone": shared_alone(world, traces["ems"], costs["ems"], optimum.bound),
        "operator_balance": operator,
        "traded_kwh": sum(e.main(is_auction=has_orders)[0] for e in inside) / 1000,
        "shared_kwh": sum(e.shared_wh for e in inside) / 1000,
        "imbalance_kwh": imbalance_kwh(market) if has_orders else 0.0,
        "local_share": local_share(market),
        "self_sufficiency": self_sufficiency(market),
        "peak_import_kw": {scheme: peak_import_kw(trace, world) for scheme, trace in every.items()},
        "price": _prices(inside, is_auction=has_orders),
        "discomfort_cost": {scheme: sum(trace.discomfort.values()) for scheme, trace in every.items()},
        "stored_change_kwh": {scheme: dict(trace.stored_change_kwh) for scheme, trace in every.items()},
        "missed_ev_kwh": {scheme: sum(trace.unserved_kwh.values()) for scheme, trace in every.items()},
        "missed_runs": {scheme: sum(trace.missed_runs.values()) for scheme, trace in every.items()},
        "ledger": {"entries": market.entries, "sum_nano": market.sum_nano, "head": market.head},
        "plans": market.plans + sum(trace.plans for trace in traces.values()),
        "orders": market.orders,
        "tariff": world.tariff_note,
        "notes": {twin.name: twin.note for twin in world.homes},
        **({} if around is None else {"network": effects(market, around, world.first.minutes)}),
    }


def is_auction(mechanism: str) -> bool:
    """True when homes send orders under a mechanism or beside it; False when it divides what was metered."""
    return MECHANISMS[mechanism].clear is not None or bool(MECHANISMS[mechanism].stage)


def efficiency(
    costs: Mapping[str, Mapping[str, float]], optimum: float | None, operator_balance: float = 0.0
) -> float | None:
    """The share of what could be gained over homes by themselves that trading gains; None when nothing could be.

    With `operator_balance` what the community account was left with [currency] counts as the homes' own.
    """
    alone, traded = sum(costs["ems"].values()), sum(costs["market"].values())
    if optimum is None or alone - optimum <= LOSS_TOLERANCE:
        return None
    return (alone - traded + operator_balance) / (alone - optimum)


def shared_alone(world: World, alone: Trace, cost: Mapping[str, float], optimum: float | None) -> float | None:
    """The efficiency of homes that plan alone and have their surplus shared after the fact, by whatever rule.

    Matched energy is worth the difference of the outside prices; who gets it does not change the sum.
    """
    net = np.array([alone.net_kwh[name] for name in sorted(alone.net_kwh)])
    matched = np.minimum(np.maximum(net, 0.0).sum(axis=0), np.maximum(-net, 0.0).sum(axis=0))
    counted = slice(world.count_from, world.end)
    worth = np.maximum(world.retail_per_kwh[counted] - world.feed_in_per_kwh[counted], 0.0)
    gap = 0.0 if optimum is None else sum(cost.values()) - optimum
    return float((matched * worth).sum()) / gap if gap > LOSS_TOLERANCE else None


def imbalance_kwh(market: MarketTrace) -> float:
    """What was metered beyond or below what was awarded, over all homes and slots [kWh]."""
    return sum(abs(s.metered_wh - s.award_wh) for s in market.settlements) / 1000


def _prices(inside: Sequence[Exchanged], *, is_auction: bool) -> dict[str, float | None]:
    """Mean, lowest and highest price over the slots in which something changed hands [currency/kWh]."""
    micro = [price for e in inside if (price := e.main(is_auction=is_auction)[1]) is not None]
    prices = [price / MICRO_PER_UNIT for price in micro]
    return {
        "mean": float(np.mean(prices)) if prices else None,
        "min": min(prices, default=None),
        "max": max(prices, default=None),
    }


def local_share(trace: Trace) -> float:
    """Share of what the homes drew from their connections that came from other homes in the same slot."""
    net = np.array([trace.net_kwh[name] for name in sorted(trace.net_kwh)])
    drawn, fed_in = np.maximum(net, 0.0).sum(axis=0), np.maximum(-net, 0.0).sum(axis=0)
    total = float(drawn.sum())
    return float(np.minimum(drawn, fed_in).sum()) / total if total > 0 else 0.0


def self_sufficiency(trace: Trace) -> float:
    """Share of the community's consumption that did not come from outside: 1 - outside import / consumption."""
    used = trace.used_kwh
    return 1.0 - float(np.maximum(community_net_kwh(trace), 0.0).sum()) / used if used > 0 else 0.0


def peak_import_kw(trace: Trace, world: World) -> float:
    """The largest mean power the community drew from outside in a slot [kW]."""
    return float(np.maximum(community_net_kwh(trace), 0.0).max()) / (world.first.duration_s / 3600.0)


def community_net_kwh(trace: Trace) -> NDArray[np.float64]:
    """Net import of all homes together per counted slot [kWh], shape (n,)."""
    homes = np.array([trace.net_kwh[name] for name in sorted(trace.net_kwh)])
    return np.asarray(homes.sum(axis=0))
