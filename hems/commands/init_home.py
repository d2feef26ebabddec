"""A home's configuration from a found meter, options and a few answers: written, checked, with a key made."""

import argparse
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hems.app.key import KeyFileError, load_or_make_key
from hems.commands.init_meter import Found, battery_numbers, kettle_test, meter_for, turned
from hems.commands.meter_named import NoMeter, host_and_port
from hems.commands.meter_test import report
from hems.commands.questions import Questions
from hems.io.modbus_discovery import FoundOnBus
from hems.io.peers import check_peers
from hems.metering.meter_check import CLAMPS
from hems.site.config import config_from, parse_config
from hems.site.config_fields import known_zone
from hems.site.config_text import config_text

LOOPBACK = "127.0.0.1"
NAME, IMPORT_PRICE, EXPORT_PRICE, KETTLE_S, BATTERY_ID = "home-1", 0.30, 0.08, 30.0, 2


class NoSetup(ValueError):
    """Nothing can be set up with these options: the message says what to give."""


def set_up(args: argparse.Namespace, *, is_asking: bool) -> int:
    """Exit status of the set-up: 0 written, 1 written but the meter needs attention, or no meter was found.

    Raises: ConfigError and NoSetup; nothing was written then.
    """
    ask = Questions(is_asking)
    base = args.output.resolve().parent
    try:
        found = meter_for(args, ask)
        tables, devices = _tables(args, ask, found)
    except NoMeter as error:
        raise NoSetup(str(error)) from None
    config = config_from({**tables, "device": devices}, "options")
    check_peers(config, "options", base)
    seconds = args.kettle if args.kettle is not None else KETTLE_S if is_asking else 0.0
    is_well = True
    if seconds > 0:
        print(f"switch a kettle on in 5 s; listening to the meter for {seconds:g} s", flush=True)
        check = kettle_test(config, base, seconds)
        print(report(check))
        is_well = check.power_w is not None
        if check.sign == "wrong" and CLAMPS in check.to_do:
            is_well = False
        elif check.sign == "wrong":
            tables = turned(tables, config, base)
            print("the sign of power is turned in the configuration")
    _write(args, base, config_text(tables, devices))
    return 0 if is_well else 1


def _tables(args: argparse.Namespace, ask: Questions, found: Found) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the tables, the devices) of the configuration."""
    tariff = {
        "import_price_per_kwh": _price(args.import_price, ask, "price of a kWh from the grid", IMPORT_PRICE),
        "export_price_per_kwh": _price(args.export_price, ask, "price of a kWh to the grid", EXPORT_PRICE),
    }
    home = {
        "meter": args.name or ask.text("name of the meter", NAME),
        "timezone": args.timezone or ask.checked("time zone", system_timezone(), known_zone),
        "state_dir": args.state_dir,
    }
    tables = {"tariff": tariff, **found.tables, "home": home}
    if args.community is not None or args.broker_key is not None:
        if args.community is None or args.broker_key is None:
            raise NoSetup("give --community and --broker-key together, as in the invitation of the operator")
        market = {"community": args.community, "broker_key": args.broker_key, "host": args.broker_host}
        tables["market"] = {name: value for name, value in market.items() if value is not None}
    return tables, [*_battery(args, ask, found), *_pv(args)]


def _price(given: float | None, ask: Questions, question: str, default: float) -> float:
    return ask.number(question, default) if given is None else given


def _battery(args: argparse.Namespace, ask: Questions, found: Found) -> list[dict[str, Any]]:
    """The battery that was found, or is named, or is told; none without numbers."""
    peer = found.batteries[0] if found.batteries and args.battery is None else None
    told = None if peer is None or peer.state is None else battery_numbers(peer.state)
    if args.battery is not None:
        numbers = [float(part) for part in args.battery.split(",")] if _is_three(args.battery) else None
        if numbers is None:
            raise NoSetup(
                f"--battery {args.battery!r}: give capacity, charging and discharging power, such as 10,5,5"
            )
    else:
        default = "none" if told is None else ",".join(f"{number:g}" for number in told)
        numbers = ask.numbers("battery: capacity [kWh], charging, discharging power [kW]", default, 3)
    if numbers is None:
        return []
    host = _battery_place(args, ask, found, peer)
    device_id = args.battery_device_id or (BATTERY_ID if peer is None else peer.device_id)
    powers = dict(zip(("capacity_kwh", "charge_kw_max", "discharge_kw_max"), numbers, strict=True))
    return [{"kind": "battery", "id": "battery", **host, "device_id": device_id, **powers}]


def _battery_place(args: argparse.Namespace, ask: Questions, found: Found, peer: FoundOnBus | None) -> dict[str, Any]:
    """Host and port of the battery; nothing where it is the meter's."""
    place = args.battery_host
    meter = found.tables["meter"]
    if place is None and peer is not None:
        is_beside = "kind" not in meter and (meter.get("host", LOOPBACK), meter.get("port", 502)) == (
            peer.host,
            peer.port,
        )
        return {} if is_beside else {"host": peer.host, "port": peer.port}
    if place is None and "kind" in meter:
        if not ask.is_asking:
            raise NoSetup("the meter is not on Modbus: give --battery-host HOST[:PORT] for the battery")
        place = ask.checked("address of the battery on Modbus TCP", "127.0.0.1:502", lambda p: host_and_port(p, 502))
    if place is None:
        return {}
    host, port = host_and_port(place, 502)
    return {"host": host, "port": port}


def _is_three(text: str) -> bool:
    parts = text.split(",")
    return len(parts) == 3 and all(part.strip().replace(".", "", 1).isdigit() for part in parts)


def _pv(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.pv is None:
        return []
    template, comma, topic = args.pv.partition(",")
    if not comma:
        raise NoSetup(f"--pv {args.pv!r}: give a template and a topic, such as opendtu,solar/ac/power")
    return [{"kind": "pv", "id": "pv", "template": template, "topic": topic}]


def _write(args: argparse.Namespace, base: Path, text: str) -> None:
    """Writes the configuration and makes the key; the file appears whole or not at all."""
    parse_config(text, str(args.output))
    try:
        key = load_or_make_key(base / args.state_dir / "meter.key")
        draft = args.output.with_name(f"{args.output.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(args.output)
    except KeyFileError as error:
        raise NoSetup(str(error)) from None
    except OSError as error:
        raise NoSetup(f"{args.output}: {error.strerror}; choose a folder you may write to with --output") from None
    print(f"\nwritten: {args.output}")
    print(f"the meter's public key, for the operator of your community: {key.public_hex}")
    print(f"next: hems run --config {args.output} --check, then hems run --config {args.output}")


def system_timezone() -> str:
    """The time zone of this computer, UTC when it does not say."""
    link = Path("/etc/localtime")
    named = os.environ.get("TZ", "") or (str(link.resolve()).partition("zoneinfo/")[2] if link.exists() else "")
    try:
        ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return named or "UTC"
