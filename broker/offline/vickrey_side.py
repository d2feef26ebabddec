"""The document of a trade at a given price: lists of values and costs, one unit each, by participant."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from broker.clearing.book import Book, Step, book_side
from broker.clearing.vickrey_side import trade_at
from broker.offline.decimal_book import Finding, decimals, number, units

Values = dict[str, list[Decimal]]
SIDES = {"buyers": ("buyers", "buyer"), "sellers": ("sellers", "seller")}


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Units traded, fees and accepted values, or everything that is wrong with the document."""
    if not isinstance(document, dict):
        return [Finding("(top)", "is not a JSON object", 'write {"exogenous_price", "buyers", "sellers"}')]
    findings: list[Finding] = []
    price = _price(document, findings)
    buyers, sellers = (_values(document, names, findings) for names in SIDES.values())
    findings += [
        Finding(f"sellers.{key}", "buys, too", "name it once") for key in sorted(buyers.keys() & sellers.keys())
    ]
    if findings:
        return findings
    return _solved(price, buyers, sellers)


def _solved(price: Decimal, buyers: Values, sellers: Values) -> dict[str, Any]:
    everything = [price, *(v for side in (buyers, sellers) for values in side.values() for v in values)]
    places = max(map(decimals, everything))
    book = Book(*(_steps(side, places) for side in (buyers, sellers)))
    outcome = trade_at(book, units(price, places))
    base = units(price, places)
    fees = {key: outcome.payment_of(key) - base * outcome.bought.get(key, 0) for key in buyers}
    fees |= {key: base * outcome.sold.get(key, 0) - outcome.receipt_of(key) for key in sellers}
    accepted = {key: sorted(values, reverse=True)[: outcome.bought.get(key, 0)] for key, values in buyers.items()}
    accepted |= {key: sorted(values)[: outcome.sold.get(key, 0)] for key, values in sellers.items()}
    return {
        "trades_qty": outcome.volume,
        "fees": {key: _money(fee, places) for key, fee in fees.items()},
        "accepted": {key: [float(value) for value in values] for key, values in accepted.items()},
        "budget_surplus": _money(outcome.surplus(), places),
        "welfare": _money(outcome.welfare, places),
    }


def _steps(side: Values, places: int) -> Any:
    return book_side(Step(key, units(value, places), 1) for key, values in side.items() for value in values)


def _money(amount: int, places: int) -> float:
    return float(Fraction(amount, 10**places))


def _price(document: dict[str, Any], findings: list[Finding]) -> Decimal:
    if "exogenous_price" not in document:
        findings.append(Finding("exogenous_price", "is missing", "add the given price in currency per unit"))
        return Decimal(0)
    return number(document["exogenous_price"], "exogenous_price", "currency per unit", findings)


def _values(document: dict[str, Any], names: tuple[str, ...], findings: list[Finding]) -> Values:
    given = [name for name in names if name in document]
    if len(given) != 1:
        problem = "is missing" if not given else f"stands beside {given[1]!r}"
        findings.append(Finding(names[0], problem, "write {id: [value of each unit, ..]}, {} when there are none"))
        return {}
    side = document[given[0]]
    if not isinstance(side, dict):
        findings.append(Finding(given[0], "is not an object", "write {id: [value of each unit, ..]}"))
        return {}
    return {key: _list(values, f"{given[0]}.{key}", findings) for key, values in side.items()}


def _list(values: Any, where: str, findings: list[Finding]) -> list[Decimal]:
    if not isinstance(values, list):
        findings.append(Finding(where, "is not a list", "write one number per unit"))
        return []
    return [number(value, f"{where}[{i}]", "currency per unit", findings) for i, value in enumerate(values)]
