"""`hems init`: finds the meter, asks little, and writes the configuration of a home."""

import argparse
import sys
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems init                                         look on this computer, ask for the rest
  hems init --mqtt 192.0.2.10                       listen on an MQTT server too
  hems init --scan 192.0.2.0/24 --device-ids 1-3    ask a network over Modbus TCP
  hems init --yes --modbus 192.0.2.20 --import-price 0.32 --export-price 0.08 \\
            --battery 10,5,5 --battery-device-id 3  no questions, for scripts
  hems init --template tasmota --topic tele/meter/SENSOR --host 192.0.2.10 --yes
  hems init --join 'hearthgrid://join?community=...'   join a community with the line that its operator sent

With --join a home.toml that is there stays as it is and gets [market]. Files of the operator belong beside it:
ca.pem, client.pem, client.key, mqtt.password.

exit status: 0 written; 1 no meter found, or its sign is wrong; 2 bad input"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    from hems.commands.meter_test import add_meter_options

    parser: argparse.ArgumentParser = subparsers.add_parser(
        "init",
        help="find the meter, ask little, and write a home's configuration",
        description="Find the meter on Modbus TCP or MQTT, test its sign, make the key and write home.toml.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=Path("home.toml"), help="where to write (home.toml)")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--yes", action="store_true", help="ask nothing: options and defaults hold")
    find = parser.add_argument_group("finding the meter")
    find.add_argument("--scan", action="append", metavar="HOST|NETWORK", help="hosts on Modbus TCP (127.0.0.1)")
    find.add_argument("--ports", default="502,5020,1502", help="ports that are tried (502,5020,1502)")
    find.add_argument("--device-ids", default="1-4", metavar="N-M", help="unit ids that are tried (1-4)")
    find.add_argument("--mqtt", metavar="HOST[:PORT]", help="MQTT server on which to listen")
    find.add_argument("--listen", type=float, default=10.0, metavar="S", help="how long to listen there (10)")
    find.add_argument("--choose", type=int, default=None, metavar="N", help="the meter to take of those found (1)")
    find.add_argument(
        "--kettle", type=float, default=None, metavar="S", help="seconds of the kettle test (30; 0: none)"
    )
    named = parser.add_argument_group("or naming it")
    add_meter_options(named)  # type: ignore[arg-type]  # a group takes options as a parser does
    home = parser.add_argument_group("the home")
    home.add_argument("--name", default=None, help="the meter's name in the community (home-1)")
    home.add_argument("--timezone", default=None, help="for example Europe/Berlin (this computer's)")
    home.add_argument("--state-dir", default="state", help="folder of keys and records (state)")
    home.add_argument("--import-price", type=float, default=None, help="price of a kWh from the grid (0.30)")
    home.add_argument("--export-price", type=float, default=None, help="price of a kWh to the grid (0.08)")
    home.add_argument("--battery", metavar="KWH,KW,KW", help="capacity, charging and discharging power")
    home.add_argument("--battery-device-id", type=int, default=None, help="its unit id on Modbus (2)")
    home.add_argument("--battery-host", metavar="HOST[:PORT]", help="its address, where it is not the meter's")
    home.add_argument(
        "--pv", metavar="TEMPLATE,TOPIC", help="PV production over MQTT, such as opendtu,solar/ac/power"
    )
    home.add_argument("--join", metavar="ADDRESS", help="the invitation of a community, hearthgrid://join?...")
    home.add_argument("--community", help="name of the community")
    home.add_argument("--broker-key", help="its operator's public key, 64 hexadecimal digits")
    home.add_argument("--broker-host", metavar="HOST[:PORT]", help="its MQTT server (127.0.0.1:1883)")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status of the command."""
    from hems.commands.init_home import NoSetup, join, set_up
    from hems.site.config import ConfigError

    is_there = args.output.exists() and not args.force
    if is_there and args.join is None:
        print(f"{args.output}: is there already; give --force to write over it, or --output", file=sys.stderr)
        return 2
    try:
        return join(args) if is_there else set_up(args, is_asking=not args.yes and sys.stdin.isatty())
    except (ConfigError, NoSetup) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nothing was written", file=sys.stderr)
        return 130
