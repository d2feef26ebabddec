"""The example document of each picture; those of the published cases where there is one."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[2] / "tests" / "cases" / "market"
DAY_BIDS = [("b1", 0.30, 4), ("b2", 0.26, 3), ("b3", 0.22, 3), ("b4", 0.16, 4), ("b5", 0.10, 3)]
DAY_OFFERS = [("s1", 0.06, 3), ("s2", 0.10, 3), ("s3", 0.14, 2), ("s4", 0.20, 4), ("s5", 0.28, 4)]


def case(name: str, place: int = 0) -> Any:
    """The inputs of a published case."""
    document = json.loads((CASES / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
    return document["cases"][place]["inputs"]


def evening_book() -> Any:
    """An order book of ten members of one quantity each, for auctions without a case."""
    bids, offers = (
        [{"id": name, "price": Decimal(str(price)), "qty": quantity} for name, price, quantity in rows]
        for rows in (DAY_BIDS, DAY_OFFERS)
    )
    return {"bids": bids, "offers": offers}


def values_book(document: Any) -> Any:
    """The order book that lists of values stand for: one kWh each."""
    sides = (("bids", "b", "buyer_values"), ("offers", "s", "seller_costs"))
    return {
        side: [{"id": f"{letter}{i + 1}", "price": price, "qty": 1} for i, price in enumerate(document[key])]
        for side, letter, key in sides
    }


def community() -> Any:
    """Net energies of a community of five at noon, for sharing rules [kWh, + surplus]."""
    net = {"a": Decimal("3"), "b": Decimal("1"), "c": Decimal("-1"), "d": Decimal("-1.5"), "e": Decimal("-2.5")}
    return {"grid_buy": Decimal("0.30"), "grid_sell": Decimal("0.08"), "net": net}
