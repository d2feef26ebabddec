"""`hems status`: what a home does now, and why."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from doctor.machine.clock import SET_IT
from doctor.table import text_table
from hems.commands.home_records import UNREADABLE, HomeRecords, home_records
from hems.control import market_clock
from wire.slots import Slot, format_utc, slot_at

EPILOG = """examples:
  hems status --config home.toml
  hems status --config home.toml --json

It reads the records of the home, so it also answers while the home is stopped; ages are told.

exit status: 0 answered; 2 the configuration or a file is wrong"""
HEADS = ("device", "power", "rung", "why")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "status",
        help="say what a home does now",
        description="Say what a home measures, does and trades now, from its records.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, type=Path, metavar="HOME.toml")
    parser.add_argument("--json", action="store_true", help="print an object, and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    try:
        records = home_records(args.config)
        told = status(records, records.now_s())
    except UNREADABLE as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(told) if args.json else _text(told, ZoneInfo(records.config.home.timezone)))
    return 0


def status(records: HomeRecords, now_s: int) -> dict[str, Any]:
    """Measurement, devices, plan and market of a home as last recorded; of a driven clock the newest of them."""
    slot = slot_at(now_s, records.config.home.slot_minutes)
    newest = records.rows("ems.db", "SELECT max(slot_s) FROM decisions WHERE rung != 'offer'")
    return {
        "meter": records.config.home.meter,
        "running": records.running,
        "reading": _reading(records, now_s),
        "devices": _devices(records, newest[0][0] if newest else None),
        "plan": _plan(records, now_s),
        "network_operator": _network_operator(records),
        "market": _market(records, slot),
    }


def _reading(records: HomeRecords, now_s: int) -> dict[str, Any] | None:
    query = "SELECT at_s, power_w, quality FROM readings ORDER BY at_s DESC LIMIT 1"
    rows = records.rows(records.config.readings_file, query)
    if not rows:
        return None
    at_s, power_w, quality = rows[0]
    return {"at": format_utc(at_s), "age_s": now_s - at_s, "power_w": power_w, "quality": quality}


def _devices(records: HomeRecords, slot_s: int | None) -> list[dict[str, Any]]:
    if slot_s is None:
        return []
    query = (
        "SELECT device, at_s, rung, power_kw, code, text, price_per_kwh FROM decisions"
        " WHERE slot_s = ? AND rung != 'offer' ORDER BY at_s"
    )
    names = ("device", "at_s", "rung", "power_kw", "code", "why", "price_per_kwh")
    newest = {row[0]: dict(zip(names, row, strict=True)) for row in records.rows("ems.db", query, slot_s)}
    return [{**told, "at": format_utc(told.pop("at_s"))} for _, told in sorted(newest.items())]


def _plan(records: HomeRecords, now_s: int) -> dict[str, Any] | None:
    rows = records.rows("ems.db", "SELECT slot_s, status, net_wh FROM plans ORDER BY slot_s DESC LIMIT 1")
    if not rows:
        return None
    slot_s, how, net_wh = rows[0]
    return {
        "first_slot": format_utc(slot_s),
        "age_s": now_s - slot_s,
        "status": how,
        "slots": len(json.loads(net_wh)),
    }


def _network_operator(records: HomeRecords) -> str | None:
    """What the network operator allowed when it last changed; None where nobody limits the connection."""
    if records.config.grid_limit is None:
        return None
    query = "SELECT value FROM health WHERE name = 'grid_limit' ORDER BY rowid DESC LIMIT 1"
    rows = records.rows("ems.db", query)
    return str(rows[0][0]) if rows else "no limit so far"


def _market(records: HomeRecords, slot: Slot) -> dict[str, Any] | None:
    if records.config.market is None:
        return None
    clearing = records.clearings(slot.label).get(slot.label)
    awards = records.awards(slot.label).get(slot.label, [])
    switched = records.rows(
        "meter.db", "SELECT message FROM market WHERE kind = 'trading' ORDER BY slot DESC LIMIT 1"
    )
    trading = json.loads(switched[0][0]) if switched else None
    clock = records.rows("meter.db", "SELECT value FROM facts WHERE name = ?", market_clock.FACT)
    (waiting,) = records.rows("meter.db", "SELECT count(*) FROM outbox WHERE answered = 0") or [(0,)]
    return {
        "community": records.config.market.community,
        "slot": slot.label,
        "outcome": None if clearing is None else clearing.outcome,
        "price_per_kwh": None
        if clearing is None or clearing.price_micro_per_kwh is None
        else clearing.price_micro_per_kwh / 1e6,
        "bought_wh": sum(award.bought_wh for award in awards),
        "sold_wh": sum(award.sold_wh for award in awards),
        "without_receipt": waiting[0],
        "clock_off_s": json.loads(clock[0][0]) if clock and records.running["meter"] else None,
        "paused": trading["reason"] if trading is not None and trading["state"] == "paused" else None,
    }


def _text(told: dict[str, Any], zone: ZoneInfo) -> str:
    running = [name.replace("_", " ") for name, runs in told["running"].items() if runs]
    lines = [f"{told['meter']}: {' and '.join(running) + ' running' if running else 'nothing runs'}"]
    lines.append(_reading_line(told["reading"], "hems run" if told["market"] is None else "hems meter"))
    lines.append(_plan_line(told["plan"], zone))
    if told["network_operator"] is not None:
        lines.append(f"network operator: {told['network_operator']}")
    if told["market"] is not None:
        lines.append(_market_line(told["market"]))
    if told["devices"]:
        rows = [(d["device"], f"{d['power_kw']:+.2f} kW", d["rung"], d["why"] or d["code"]) for d in told["devices"]]
        lines += ["", text_table(HEADS, rows, right=(1,))]
    return "\n".join(lines)


def _reading_line(reading: dict[str, Any] | None, program: str) -> str:
    if reading is None or reading["power_w"] is None:
        return f"meter: no reading recorded; {program!r} makes them"
    direction = "from the grid" if reading["power_w"] >= 0 else "into the grid"
    return f"meter: {abs(reading['power_w'])} W {direction}, {reading['age_s']} s ago, {reading['quality']}"


def _plan_line(plan: dict[str, Any] | None, zone: ZoneInfo) -> str:
    if plan is None:
        return "plan: none recorded yet"
    begins = datetime.strptime(plan["first_slot"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone(zone)
    return f"plan: from {begins:%Y-%m-%d %H:%M}, {plan['slots']} slots, {plan['status']}"


def _market_line(market: dict[str, Any]) -> str:
    if market["outcome"] is None:
        said = "this slot: nothing heard"
    elif market["price_per_kwh"] is None:
        said = f"this slot: {market['outcome']}"
    else:
        said = f"this slot: {market['outcome']} at {market['price_per_kwh']:.4f} per kWh"
    traded = f"bought {market['bought_wh']} Wh, sold {market['sold_wh']} Wh"
    if market["paused"] is not None:
        said = f"trading is paused by the operator ({market['paused']}), {said}"
    if market["clock_off_s"] is not None:
        said = f"not trading, {market_clock.clock_words(market['clock_off_s'])}: {SET_IT}; {said}"
    return f"market {market['community']}: {said}; {traded}; {market['without_receipt']} without a receipt"
