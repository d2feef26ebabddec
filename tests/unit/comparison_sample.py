"""A plausible comparison for tests of its page: many mechanisms, long names, losers, missing numbers."""

import random
from typing import Any

TITLES = (
    ("uniform_price_k_double_auction", "Uniform-price k-double auction", True),
    ("pay_as_bid", "Pay-as-bid", True),
    ("continuous_double_auction", "Continuous double auction", True),
    ("mcafee", "McAfee's double auction", True),
    ("vcg_double_auction", "Vickrey-Clarke-Groves double auction", True),
    ("preference_matching", "Preference and quality matching of products", True),
    ("mid_market_rate", "Mid-market rate", False),
    ("shapley", "Shapley value", False),
)

NETWORK = {
    "note": "example: green energy sold by 7, at least green wanted by 4, a premium for one neighbour from 3",
    "sold_kwh": {"green": 31.5, "grey": 2.0},
    "bought_kwh": {"green": 11.0, "any": 22.5},
}


def sample_comparison(seed: int = 3, homes: int = 10) -> dict[str, Any]:
    """A comparison with every figure."""
    draw = random.Random(seed)
    names = [f"us_ca_fontana_{k + 1:02d}" for k in range(homes)]
    alone = {name: draw.uniform(-5.0, 40.0) for name in names}
    mechanisms = {name: _column(draw, alone, title, takes) for name, title, takes in TITLES}
    return {
        "name": "sample",
        "homes": names,
        "slots": 96,
        "slot_minutes": 15,
        "start": "2017-06-20T07:00:00Z",
        "seed": 1,
        "foresight": "real",
        "currency": "USD",
        "tariff": "",
        "notes": {},
        "cost": {"unmanaged": {name: cost + 4.0 for name, cost in alone.items()}, "ems": alone},
        "community_optimum": sum(alone.values()) - 30.0,
        "efficiency_shared_alone": 0.29,
        "peak_import_kw": {"unmanaged": 21.4, "ems": 33.1},
        "mechanisms": mechanisms,
        "wall_s": 100.0,
    }


def _column(draw: random.Random, alone: dict[str, float], title: str, takes_orders: bool) -> dict[str, Any]:
    cost = {name: value - draw.uniform(-0.5, 4.0) for name, value in alone.items()}
    saved = {name: alone[name] - cost[name] for name in alone}
    return {
        "title": title,
        "cost": cost,
        "total": sum(cost.values()),
        "saved": sum(saved.values()),
        "winners": {name: value for name, value in saved.items() if value > 0},
        "losers": {name: -value for name, value in saved.items() if value < 0},
        "peak_import_kw": draw.uniform(30.0, 60.0),
        "efficiency": sum(saved.values()) / 30.0,
        "efficiency_with_operator": sum(saved.values()) / 30.0 + 0.01,
        "operator_balance": draw.choice((0.0, 1.25, -2.5)),
        "traded_kwh": draw.uniform(50.0, 300.0),
        "shared_kwh": draw.uniform(5.0, 50.0),
        "imbalance_kwh": draw.uniform(5.0, 50.0) if takes_orders else 0.0,
        "local_share": 0.3,
        "self_sufficiency": 0.42,
        "price": {"mean": 0.21, "min": 0.07, "max": 0.54},
        "takes_orders": takes_orders,
        "orders": 960 if takes_orders else 0,
        "ledger": {"entries": 5000, "sum_nano": 0, "head": "00"},
        "fairness": {"gini_of_savings": draw.choice((None, 0.35)), "shapley_distance": 0.2},
        "notes": [],
        **({"network": NETWORK} if title.startswith("Preference") else {}),
    }
