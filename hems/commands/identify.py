"""`hems identify`: the model of a room or of its lamps from measured data."""

import argparse
import math
import sys
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems identify zone room.csv.gz --where home_id=1 --weather weather.csv.gz
  hems identify zone room.csv --heating heat_pump_kw --heating-factor 3.2 --json
  hems identify lighting room.csv --where room_id=a --rated-kw 0.4

Files are CSV, gzip or not, with the column time_utc and numbers; an empty cell: nothing was measured.
exit status: 0 identified; 2 a file or an option is wrong, or the data cannot tell the model (the message says why and
what to do); 1 an internal failure"""

ROLES = {
    "zone": {
        "temp": "room temperature [degC]",
        "outdoor": "outdoor temperature [degC]",
        "heating": "heating power [kW], thermal or electric (then give --heating-factor)",
        "cooling": "cooling power [kW], as a positive number",
        "setpoint": "set-point [degC], only to see whether the room ever leaves it",
        "solar": "irradiance [W/m2]; a+b adds two columns",
        "occupants": "number of people",
        "appliances": "power of appliances in the room [kW]",
    },
    "lighting": {
        "lux": "illuminance where light is needed",
        "lamp": "power of the lamps [kW]",
        "daylight": "outdoor irradiance [W/m2], or a daylight sensor [lux]",
    },
}


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "identify",
        help="find the model of a room or its lamps in measured data",
        description="Find the thermal model of a room, or what its lamps and daylight give, in measured data.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=tuple(ROLES), help="what to identify")
    parser.add_argument("data", metavar="DATA.csv[.gz]", type=Path, help="measurements of the room")
    parser.add_argument(
        "--where", action="append", default=[], type=_pair, metavar="COLUMN=VALUE", help="rows to take"
    )
    parser.add_argument("--weather", type=Path, metavar="FILE", help="a second file, for instance of the weather")
    parser.add_argument(
        "--shift", action="append", default=[], type=_shift, metavar="COLUMN=HOURS", help="move a column later"
    )
    parser.add_argument("--every-min", type=_positive, metavar="MIN", help="step of the model (default: of the data)")
    parser.add_argument("--json", action="store_true", help="print the result on standard output, and nothing else")
    for roles in ROLES.values():
        for role, text in roles.items():
            parser.add_argument(f"--{role}", metavar="COLUMN", help=f"{text}; none: leave it out")
    parser.add_argument(
        "--heating-factor", type=_positive, default=1.0, metavar="F", help="thermal kW per unit, the cop"
    )
    parser.add_argument("--cooling-factor", type=_positive, default=1.0, metavar="F", help="the same of --cooling")
    parser.add_argument(
        "--rated-kw", type=_positive, metavar="KW", help="rated power of the lamps (default: the most seen)"
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    from hems.commands.identification_report import lighting_report, refused_report, zone_report
    from hems.identification.lighting import identify_lighting
    from hems.identification.refusal import NotIdentified
    from hems.identification.zone_identification import identify_zone
    from hems.io.measured_file import MeasuredFileError
    from hems.io.room_records import RoomColumns, lighting_record, room_record

    is_zone = args.what == "zone"
    try:
        columns = RoomColumns(
            _source(args), tuple(ROLES[args.what]), ("temp", "outdoor") if is_zone else ("lux", "lamp")
        )
    except MeasuredFileError as error:
        print(error, file=sys.stderr)
        return 2
    if is_zone:
        factors = {"heating_factor": args.heating_factor, "cooling_factor": args.cooling_factor}
        zone = identify_zone(room_record(columns, **factors))
        report = refused_report(zone, columns) if isinstance(zone, NotIdentified) else zone_report(zone, columns)
    else:
        light = identify_lighting(lighting_record(columns, rated_kw=args.rated_kw))
        report = (
            refused_report(light, columns) if isinstance(light, NotIdentified) else lighting_report(light, columns)
        )
    if args.json:
        print(report.json)
    elif report.is_identified:
        print(report.text)
    if not report.is_identified:
        print(report.text, file=sys.stderr)
    return 0 if report.is_identified else 2


def _source(args: argparse.Namespace) -> Any:
    from hems.io.room_records import Source

    return Source(
        path=args.data,
        where=dict(args.where),
        weather=args.weather,
        names={role: name for role in ROLES[args.what] if (name := getattr(args, role)) is not None},
        shift_h=dict(args.shift),
        every_min=args.every_min,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=VALUE; give for instance home_id=1")
    return name, value


def _shift(text: str) -> tuple[str, float]:
    name, value = _pair(text)
    try:
        hours = float(value)
    except ValueError:
        hours = math.nan
    if not abs(hours) <= 240.0:
        raise argparse.ArgumentTypeError(f"{text!r}: give hours between -240 and 240, for instance lux=8")
    return name, hours


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value
