"""The documents of Nash bargaining: two parties and a price, a bill to be shared, or a frontier of utilities."""

from fractions import Fraction
from typing import Any

from broker.offline.decimal_book import Finding
from broker.offline.fields import ZERO, Fields, printed, top
from broker.sharing.nash_bargaining import bilateral_deal, on_frontier, shared_cost

ONE = Fraction(1)
EXAMPLE = '{"retail": 0.3, "feed_in": 0.1, "network_fee": 0.04, "qty": 5, "alpha_seller": 0.5}'
NO_AGREEMENT = "no agreement makes anybody better off: all stay with what they have without one"


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """The agreement of the shape that the document has."""
    fields = top(document, EXAMPLE)
    if "frontier" in fields:
        return _frontier(fields)
    if "total_cost_alone" in fields or "joint_cost" in fields:
        return _cost(fields)
    return _bilateral(fields)


def _bilateral(fields: Fields) -> dict[str, Any] | list[Finding]:
    retail, feed_in = (fields.number(key, "currency per kWh") for key in ("retail", "feed_in"))
    fee = fields.number("network_fee", "currency per kWh", default=ZERO, least=0)
    quantity = fields.number("qty", "kWh", least=0)
    weight = fields.number("alpha_seller", "1 (weight of the seller)", default=Fraction(1, 2), least=0, most=1)
    if fields.findings:
        return fields.findings
    deal = bilateral_deal(retail, feed_in, fee, weight)
    if deal is None:
        gains = {"seller_gain": 0.0, "buyer_gain": 0.0}
        note = "the network fee is above the spread: no trade"
        return {"trade": False, "qty": 0.0, "seller_price": None, "buyer_price": None, **gains, "note": note}
    return {
        "trade": True,
        "qty": float(quantity),
        "seller_price": float(deal.seller_price),
        "buyer_price": float(deal.buyer_price),
        "seller_gain": float((deal.seller_price - feed_in) * quantity),
        "buyer_gain": float((retail - deal.buyer_price) * quantity),
        "network_income": float(fee * quantity),
    }


def _cost(fields: Fields) -> dict[str, Any] | list[Finding]:
    alone = fields.amounts("total_cost_alone", "currency")
    joint = fields.number("joint_cost", "currency")
    weights = fields.amounts("weights", "1", least=0) if "weights" in fields else dict.fromkeys(alone, ONE)
    if not alone and not fields.findings:
        fields.wrong("total_cost_alone", "names nobody", "write the cost of each party alone")
    if set(weights) != set(alone):
        fields.wrong("weights", "does not name exactly the parties", "write one weight for each, or leave it out")
    elif alone and not any(weights.values()):
        fields.wrong("weights", "has no weight above 0", "give at least one party a weight above 0")
    if fields.findings:
        return fields.findings
    shares = shared_cost(alone, joint, weights)
    if shares is None:
        return {"agreement": False, "cost_share": printed(alone), "saving": 0.0, "note": NO_AGREEMENT}
    saving = sum(alone.values(), ZERO) - joint
    return {"agreement": True, "cost_share": printed(shares), "saving": float(saving)}


def _frontier(fields: Fields) -> dict[str, Any] | list[Finding]:
    example = '{"a": [1, 2], "b": 10}'
    frontier = fields.inside("frontier", example)
    slopes, limit = frontier.numbers("a", "1 per unit of utility"), frontier.number("b", "1")
    if any(slope <= 0 for slope in slopes):
        frontier.wrong("a", "has a slope that is not above 0", "a utility without a limit has no bargain")
    count = len(slopes)
    disagreement = fields.numbers("disagreement", "utility") if "disagreement" in fields else [ZERO] * count
    weights = fields.numbers("weights", "1", least=0) if "weights" in fields else [ONE] * count
    for key, values in (("disagreement", disagreement), ("weights", weights)):
        if len(values) != count:
            fields.wrong(key, f"has {len(values)} numbers for {count} utilities", "write one for each of frontier.a")
    if weights and not any(weights):
        fields.wrong("weights", "has no weight above 0", "give at least one party a weight above 0")
    if fields.findings:
        return fields.findings
    utilities = on_frontier(slopes, limit, disagreement, weights)
    if utilities is None:
        stay = [float(utility) for utility in disagreement]
        return {"agreement": False, "utilities": stay, "note": NO_AGREEMENT}
    gains = [float(u - d) for u, d in zip(utilities, disagreement, strict=True)]
    return {"agreement": True, "utilities": [float(utility) for utility in utilities], "gains": gains}
