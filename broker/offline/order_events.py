"""The document of a continuous double auction: events in the order in which they came."""

from fractions import Fraction
from typing import Any

from broker.clearing.order_book import OrderBook
from broker.offline.decimal_book import Finding, decimals, number, units

FORMS = {
    "new": '["new", id, "buy" or "sell", price, qty]',
    "cancel": '["cancel", id]',
    "replace": '["replace", id, price, qty]',
}
SIDES = {"buy": True, "sell": False}


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Trades in trading order and the book that rests, or everything that is wrong with the document."""
    findings: list[Finding] = []
    events = _events(document, findings)
    if findings:
        return findings
    scale = _Scale(events)
    book = OrderBook()
    ignored = [[i, reason] for i, event in enumerate(events) if (reason := _applied(book, scale.whole(event)))]
    return {
        "trades": [[buyer, seller, scale.kwh(wh), scale.price(at)] for buyer, seller, wh, at in book.trades],
        "book": {
            side: [[book.orders[i][0], scale.price(book.orders[i][2]), scale.kwh(book.open[i])] for i in resting]
            for side, resting in (("bids", book.bids()), ("asks", book.asks()))
        },
        "volume": scale.kwh(sum(wh for _, _, wh, _ in book.trades)),
        **({"ignored": ignored} if ignored else {}),
    }


class _Scale:
    """The whole units in which the numbers of all events are exact."""

    def __init__(self, events: list[list[Any]]) -> None:
        priced = [event for event in events if event[0] != "cancel"]
        self._prices = max((decimals(event[-2]) for event in priced), default=0)
        self._quantities = max((decimals(event[-1]) for event in priced), default=0)

    def whole(self, event: list[Any]) -> list[Any]:
        """An event in whole units."""
        if event[0] == "cancel":
            return event
        return [*event[:-2], units(event[-2], self._prices), units(event[-1], self._quantities)]

    def price(self, whole: int) -> float:
        """A price in the unit of the file."""
        return float(Fraction(whole, 10**self._prices))

    def kwh(self, whole: int) -> float:
        """A quantity in the unit of the file."""
        return float(Fraction(whole, 10**self._quantities))


def _events(document: Any, findings: list[Finding]) -> list[list[Any]]:
    if not isinstance(document, dict):
        findings.append(Finding("(top)", "is not a JSON object", f'write {{"events": [{FORMS["new"]}, ..]}}'))
        return []
    events = document.get("events")
    if not isinstance(events, list):
        problem = "is not a list" if "events" in document else "is missing"
        findings.append(Finding("events", problem, f"write a list of {', '.join(FORMS.values())}"))
        return []
    return [_event(event, f"events[{i}]", findings) for i, event in enumerate(events)]


def _event(event: Any, where: str, findings: list[Finding]) -> list[Any]:
    """The event with exact numbers."""
    kind = event[0] if isinstance(event, list) and event else None
    form = FORMS.get(kind) if isinstance(kind, str) else None
    if form is None:
        findings.append(Finding(where, f"{str(event)[:60]} is no event", f"write one of {', '.join(FORMS.values())}"))
        return []
    if len(event) != form.count(",") + 1:
        findings.append(Finding(where, f"has {len(event)} entries", f"write {form}"))
        return []
    if not isinstance(event[1], str) or not event[1]:
        findings.append(Finding(f"{where}[1]", "is not a text", "name the order"))
    if kind == "new" and (not isinstance(event[2], str) or event[2] not in SIDES):
        findings.append(Finding(f"{where}[2]", f"{str(event[2])[:40]!r} is no side", 'write "buy" or "sell"'))
    if kind == "cancel":
        return list(event)
    first = len(event) - 2
    price = number(event[first], f"{where}[{first}]", "currency per kWh", findings)
    quantity = number(event[first + 1], f"{where}[{first + 1}]", "kWh", findings)
    if quantity < 0:
        findings.append(Finding(f"{where}[{first + 1}]", "is negative", "the side says who sells: use >= 0"))
    return [*event[:first], price, quantity]


def _applied(book: OrderBook, event: list[Any]) -> str:
    """Applies an event; returns why it changed nothing, "" when it did."""
    match event:
        case ["new", id, side, price, quantity]:
            book.enter([(id, SIDES[side], price, quantity)])
            return "" if quantity else "no quantity"
        case ["cancel", id]:
            return "" if book.cancel(id) else f"nothing rests under {id!r}"
        case ["replace", id, price, quantity]:
            resting = book.resting_under(id)
            if len(resting) != 1:
                return f"{len(resting)} orders rest under {id!r}"
            book.replace(resting[0], price, quantity)
    return ""
