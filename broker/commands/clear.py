"""`community-broker clear`: one market from a file, offline."""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.offline.decimal_book import Finding

EXAMPLES = """examples:
  community-broker clear book.json --mechanism uniform_price_k_double_auction
  community-broker clear book.json --mechanism uniform_price_k_double_auction --json

book.json: {"bids": [{"id": "b1", "price": 0.24, "qty": 1.5}], "offers": [{"id": "s1", "price": 0.10, "qty": 2}],
            "k": 0.5}
(prices in currency per kWh, quantities in kWh; an id may have several steps; docs/markets.md shows other files)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("inputs", type=Path, metavar="INPUTS.json")
    parser.add_argument("--mechanism", required=True, metavar="NAME", help="see 'community-broker mechanisms'")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")


def run(args: argparse.Namespace) -> int:
    """The exit status after clearing the file."""
    findings, result = _solved(args.inputs, args.mechanism)
    if result is not None:
        _print({"mechanism": args.mechanism, **result}, as_json=args.json)
        return DONE
    for finding in findings:
        print(f"{args.inputs}: {finding.key}: {finding.problem}; {finding.remedy}", file=sys.stderr)
    return BAD_INPUT


def _solved(path: Path, name: str) -> "tuple[list[Finding], dict[str, Any] | None]":
    from broker.offline.decimal_book import Finding
    from broker.offline.table import OFFLINE

    solve, document = OFFLINE.get(name), _document(path)
    findings = [document] if isinstance(document, Finding) else []
    if solve is None:
        findings.append(Finding("--mechanism", f"there is no {name!r}", f"use one of: {', '.join(OFFLINE)}"))
    if solve is None or findings:
        return findings, None
    result = solve(document)
    return (result, None) if isinstance(result, list) else ([], result)


def _document(path: Path) -> Any:
    """The parsed file with decimal numbers, or the one finding that says why it cannot be read."""
    from broker.offline.decimal_book import Finding

    try:
        return json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=Decimal)
    except OSError as error:
        return Finding("(file)", error.strerror or "cannot be read", "give the path of a readable JSON file")
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Finding("(file)", f"is not JSON: {error}", "write one JSON object in UTF-8")


def _print(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
        return
    if result.get("volume") == 0:
        print("no trade: no bid reaches an offer")
    for key, value in result.items():
        _print_value(key, value, "")


def _print_value(key: str, value: Any, indent: str) -> None:
    if isinstance(value, dict):
        print(f"{indent}{key}")
        for name, item in value.items():
            _print_value(name, item, indent + "  ")
    else:
        print(f"{indent}{key:<18} {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "  ".join(_shown(item) for item in value)
    return "-" if value is None else str(value)
