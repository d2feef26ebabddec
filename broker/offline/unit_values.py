"""Documents with one unit per trader, values and costs as lists: McAfee, trade reduction and VCG."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from broker.clearing import mcafee
from broker.clearing.unit_demand import UnitPrices, efficient_trades, reduced
from broker.offline.decimal_book import Finding, number


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitValues:
    """The values of buyers, falling, and the costs of sellers, rising; `k` pairs of them are worth trading."""

    buyers: list[Fraction]
    sellers: list[Fraction]
    support: mcafee.Support | None

    @property
    def k(self) -> int:
        """The number of efficient trades."""
        return efficient_trades(self.buyers, self.sellers)


def is_unit_document(document: Any) -> bool:
    """Whether a document lists values instead of orders."""
    return isinstance(document, dict) and bool({"buyer_values", "seller_costs"} & document.keys())


def solve_mcafee(document: Any) -> dict[str, Any] | list[Finding]:
    """McAfee's trades and prices, or everything that is wrong with the document."""
    given = unit_values(document)
    if isinstance(given, list):
        return given
    k = given.k
    ends = (given.buyers[max(k - 1, 0) : k + 1], given.sellers[max(k - 1, 0) : k + 1])
    prices = mcafee.unit_prices(*ends, k, given.support)
    return {"p0": None if prices.p0 is None else float(prices.p0), **_printed(given, prices)}


def solve_trade_reduction(document: Any) -> dict[str, Any] | list[Finding]:
    """The reduced trades and their prices, or everything that is wrong with the document."""
    given = unit_values(document)
    if isinstance(given, list):
        return given
    k = given.k
    return _printed(given, reduced(k, given.buyers[k - 1], given.sellers[k - 1]) if k else UnitPrices(trades=0))


def solve_vcg(document: Any) -> dict[str, Any] | list[Finding]:
    """All efficient trades at the prices of Clarke: each pays what the best excluded trader could have had."""
    given = unit_values(document)
    if isinstance(given, list):
        return given
    k = given.k
    if not k:
        return _printed(given, UnitPrices(trades=0))
    buyer_price = max([given.sellers[k - 1], *given.buyers[k : k + 1]])
    seller_price = min([given.buyers[k - 1], *given.sellers[k : k + 1]])
    return _printed(given, UnitPrices(trades=k, buyer_price=buyer_price, seller_price=seller_price))


def unit_values(document: Any) -> UnitValues | list[Finding]:
    """The lists of a document in merit order, or everything that is wrong with it."""
    findings: list[Finding] = []
    buyers, sellers = _values(document, "buyer_values", findings), _values(document, "seller_costs", findings)
    if document.get("unit_demand", True) is not True:
        findings.append(
            Finding("unit_demand", "is not true", "lists of values are one unit each; else write bids and offers")
        )
    support = _support(document.get("support"), findings)
    if support is not None and any(not support[0] <= value <= support[1] for value in (*buyers, *sellers)):
        findings.append(Finding("support", "does not hold all values", "write [lowest, highest] possible value"))
    if findings:
        return findings
    return UnitValues(buyers=sorted(buyers, reverse=True), sellers=sorted(sellers), support=support)


def _values(document: Any, key: str, findings: list[Finding]) -> list[Fraction]:
    values = document.get(key)
    if not isinstance(values, list):
        problem = "is not a list" if key in document else "is missing"
        findings.append(Finding(key, problem, "write a list of numbers, one unit each, [] when there are none"))
        return []
    return [Fraction(number(v, f"{key}[{i}]", "currency per unit", findings)) for i, v in enumerate(values)]


def _support(given: Any, findings: list[Finding]) -> mcafee.Support | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:
        findings.append(Finding("support", "is not a list of two numbers", "write [lowest, highest] possible value"))
        return None
    low, high = (Fraction(number(v, f"support[{i}]", "currency per unit", findings)) for i, v in enumerate(given))
    if low > high:
        findings.append(
            Finding("support", f"{given[0]} is above {given[1]}", "write [lowest, highest] possible value")
        )
        return None
    return low, high


def _printed(given: UnitValues, prices: UnitPrices) -> dict[str, Any]:
    buyer_price, seller_price, trades = prices.buyer_price, prices.seller_price, prices.trades
    surplus = 0 if buyer_price is None or seller_price is None else trades * (buyer_price - seller_price)
    return {
        "k": given.k,
        "trades": trades,
        "buyer_price": None if buyer_price is None else float(buyer_price),
        "seller_price": None if seller_price is None else float(seller_price),
        "budget_surplus": float(surplus),
        "welfare": float(sum(given.buyers[:trades]) - sum(given.sellers[:trades])),
    }
