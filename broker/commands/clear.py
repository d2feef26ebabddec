"""`community-broker clear`: one market from a file, offline."""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.clearing.decimal_book import ScaledBook
    from broker.clearing.mechanisms import Mechanism

EXAMPLES = """examples:
  community-broker clear book.json --mechanism uniform_price_k_double_auction
  community-broker clear book.json --mechanism uniform_price_k_double_auction --json

book.json: {"bids": [{"id": "b1", "price": 0.24, "qty": 1.5}], "offers": [{"id": "s1", "price": 0.10, "qty": 2}],
            "k": 0.5}
(prices in currency per kWh, quantities in kWh; an id may have several steps)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("inputs", type=Path, metavar="INPUTS.json")
    parser.add_argument("--mechanism", required=True, metavar="NAME", help="see 'community-broker mechanisms'")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after clearing the file."""
    from broker.clearing.decimal_book import Finding, scaled_book
    from broker.clearing.mechanisms import MECHANISMS

    findings: list[Finding] = []
    mechanism = MECHANISMS.get(args.mechanism)
    if mechanism is None:
        names = ", ".join(MECHANISMS)
        findings.append(Finding("--mechanism", f"there is no {args.mechanism!r}", f"use one of: {names}"))
    document = _document(args.inputs)
    book = document if isinstance(document, Finding) else scaled_book(document)
    if isinstance(book, Finding):
        findings.append(book)
    elif isinstance(book, list):
        findings.extend(book)
    elif mechanism is not None:
        _print(result(book, mechanism), as_json=args.json)
        return DONE
    for finding in findings:
        print(f"{args.inputs}: {finding.key}: {finding.problem}; {finding.remedy}", file=sys.stderr)
    return BAD_INPUT


def _document(path: Path) -> Any:
    """The parsed file with decimal numbers, or the one finding that says why it cannot be read."""
    from broker.clearing.decimal_book import Finding

    try:
        return json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=Decimal)
    except OSError as error:
        return Finding("(file)", error.strerror or "cannot be read", "give the path of a readable JSON file")
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Finding("(file)", f"is not JSON: {error}", "write one JSON object in UTF-8")


def result(book: "ScaledBook", mechanism: "Mechanism") -> dict[str, Any]:
    """The outcome in the units of the file: kWh, currency per kWh, currency."""
    outcome = mechanism.clear(book.book)
    low, high = outcome.low, outcome.high
    traded = low is not None and high is not None
    return {
        "mechanism": mechanism.name,
        "volume": book.quantity(outcome.volume),
        "price": book.price(low + book.k * (high - low)) if low is not None and high is not None else None,
        "price_interval": [book.price(low or 0), book.price(high or 0)] if traded else None,
        "accepted_bids": {key: book.quantity(units) for key, units in sorted(outcome.bought.items())},
        "accepted_offers": {key: book.quantity(units) for key, units in sorted(outcome.sold.items())},
        "welfare": book.money(outcome.welfare),
    }


def _print(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(outcome))
        return
    if outcome["price"] is None:
        print("no trade: no bid reaches an offer")
        return
    low, high = outcome["price_interval"]
    print(f"volume  {outcome['volume']:g} kWh")
    print(f"price   {outcome['price']:g} per kWh (any from {low:g} to {high:g} clears)")
    print(f"welfare {outcome['welfare']:g}")
    for side, verb in (("accepted_bids", "buys"), ("accepted_offers", "sells")):
        for key, quantity in outcome[side].items():
            print(f"  {key} {verb} {quantity:g} kWh")
