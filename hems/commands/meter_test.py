"""`hems meter test`: listens to a meter and says what is right and wrong with it."""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hems.metering.meter_check import MeterCheck, Sample
    from hems.site.config import HomeConfig

KETTLE_FROM_S = 10.0
EPILOG = """examples:
  hems meter test --config home.toml
  hems meter test --template tasmota --topic tele/meter/SENSOR --host 192.0.2.10
  hems meter test --template generic-json --topic garage/meter --host 192.0.2.10 --set power_w.path=p
  hems meter test --modbus 192.0.2.20:502 --map eastron-sdm630 --device-id 1
  hems meter test --list                       templates and register maps

The test of the sign: switch a kettle on after the first five seconds. The grid power has to rise by 1 to 3 kW.

exit status: 0 good or usable; 1 not usable; 2 bad input"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "meter-test",
        help="listen to a meter and tell value, sign, rate, age, gaps and verdict",
        description="Listen to a meter and tell its value, sign, rate, age, gaps, a verdict and what to do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="HOME.toml", help="test the meter of a home")
    add_meter_options(parser)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to listen (30)")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--list", action="store_true", help="list templates and register maps, and leave")
    parser.set_defaults(run=run)
    return parser


def add_meter_options(parser: argparse.ArgumentParser) -> None:
    """The options that name a meter without a configuration."""
    parser.add_argument("--template", metavar="NAME", help="a meter on MQTT: its template")
    parser.add_argument("--topic", help="a topic of it; the template's example shows the form")
    parser.add_argument("--host", default="127.0.0.1", help="MQTT server (127.0.0.1)")
    parser.add_argument("--port", type=int, default=1883, help="its port (1883)")
    parser.add_argument("--username", help="its user")
    parser.add_argument("--password-file", type=Path, help="a file with the user's password")
    parser.add_argument("--ca-file", type=Path, help="certificate authority of the server; switches TLS on")
    parser.add_argument(
        "--fill", action="append", default=[], metavar="PLACE=TEXT", help="a place of the template, such as channel=1"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="QUANTITY.KEY=VALUE",
        help="another path, unit, sign, topic, channel of a value, such as power_w.unit=kW",
    )
    parser.add_argument("--modbus", metavar="HOST[:PORT]", help="a meter on Modbus TCP")
    parser.add_argument("--map", default="sunspec", help="its register map (sunspec)")
    parser.add_argument("--device-id", type=int, default=1, help="its unit id (1)")
    parser.add_argument("--p1", metavar="DEVICE|HOST:PORT", help="a smart meter's P1 port")
    parser.add_argument("--p1-version", default="v5", help="its version: v2 to v5, belgium, sweden (v5)")


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    if args.list:
        _list(args.json)
        return 0
    from hems.commands.meter_named import NoMeter, configuration_of
    from hems.io.peers import Peers
    from hems.metering.meter_check import checked
    from hems.site.config import ConfigError

    try:
        config = configuration_of(args)
        base = Path() if args.config is None else args.config.resolve().parent
    except (ConfigError, NoMeter) as error:
        print(error, file=sys.stderr)
        return 2

    async def listen() -> "list[Sample]":
        from hems.io.meter_watch import watched

        meter = Peers(config, base).meter()
        try:
            return await watched(meter, args.seconds, on_sample=None if args.json else Ticker())
        finally:
            meter.close()

    if not args.json:
        kettle = "; switch a kettle on after 5 s" if args.seconds >= KETTLE_FROM_S else ""
        print(f"listening to {_named(config)} for {args.seconds:g} s{kettle}", flush=True)
    try:
        result = checked(asyncio.run(listen()))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(json.dumps(asdict(result)) if args.json else report(result))
    return 1 if result.verdict == "not usable" else 0


class Ticker:
    """Prints a line for every new reading, so that a person sees the kettle at once."""

    def __init__(self) -> None:
        self._last: int | None = None

    def __call__(self, sample: "Sample") -> None:
        """Takes a look at the meter."""
        reading = sample.reading
        if reading is None or reading.at_epoch_s == self._last:
            return
        self._last = reading.at_epoch_s
        clock = time.strftime("%H:%M:%S", time.localtime(sample.at_s))
        print(f"  {clock}  {'-' if reading.power_w is None else f'{reading.power_w:,}'} W", flush=True)


def report(check: "MeterCheck") -> str:
    """The result as a table for people."""

    def told(value: float | None, unit: str) -> str:
        return "-" if value is None else f"{value:,.1f}".removesuffix(".0") + f" {unit}"

    rows = [
        ("power", f"{told(check.power_w, 'W')}  ({told(check.power_min_w, 'W')} to {told(check.power_max_w, 'W')})"),
        ("import, export", f"{told(check.import_wh, 'Wh')}, {told(check.export_wh, 'Wh')}"),
        ("quality", check.quality or "-"),
        ("sign", f"{check.sign}: {check.sign_reason}"),
        ("rate", f"{check.readings} new readings, every {told(check.interval_s, 's')}"),
        ("age, longest gap", f"{told(check.age_s, 's')}, {told(check.gap_s, 's')}"),
        ("missed", str(check.missed)),
        ("verdict", check.verdict),
    ]
    rows = rows if check.readings else rows[-1:]
    lines = [f"{name:<18}{value}" for name, value in rows]
    return "\n".join(lines + [f"  to do: {item}" for item in check.to_do])


def _named(config: "HomeConfig") -> str:
    meter = config.meter
    match meter.kind:
        case "mqtt":
            return f"{meter.template} at {config.mqtt.host}:{config.mqtt.port}"
        case "p1":
            return f"P1 at {meter.serial or f'{meter.host}:{meter.port}'}"
        case _:
            return f"{meter.map} at {meter.host}:{meter.port}, unit {meter.device_id}"


def _list(as_json: bool) -> None:
    from hems.io.map_files import map_names, register_map
    from hems.io.template_files import template, template_names

    templates = [template(name) for name in template_names()]
    maps = [register_map(name) for name in map_names()]
    if as_json:
        rows = {"templates": {t.name: t.example for t in templates}, "maps": {m.name: m.title for m in maps}}
        print(json.dumps(rows))
        return
    print("templates (--template), each with a topic as an example:")
    print("\n".join(f"  {t.name:<28}{t.example:<48}{t.title}" for t in templates))
    print("register maps (--map):\n" + "\n".join(f"  {m.name:<28}{m.title}" for m in maps))
