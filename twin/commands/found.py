"""`twin found`: the certificates, keys, tokens and configurations of a secured community, one folder per process."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.founding.plan import Address, Plan

EXAMPLES = """examples:
  twin found --folder community
  twin found --folder community --homes 3 --mqtt mqtt.example.org:8883
  twin found --folder /files --mqtt mosquitto:8883 --modbus '{home}-simulator:5020' --influx http://influxdb:8086

What is there already is kept: it can be run again, with more homes too (then add them to broker.toml by hand or with
community-broker add-member).
"""
SECRETS = ("admin-password", "admin-token", "ca.key")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser of `twin`."""
    parser = commands.add_parser(
        "found",
        help="certificates, keys, tokens and configurations of a secured community",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, required=True, help="where one folder per process is made")
    parser.add_argument("--community", default="demo", help="id of the community [demo]")
    parser.add_argument("--homes", type=int, default=2, help="homes, every other one with sun and a battery [2]")
    parser.add_argument(
        "--mqtt", default="127.0.0.1:8883", metavar="HOST:PORT", help="where all find the MQTT server"
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="further names of the MQTT server, in its certificate; localhost and 127.0.0.1 are always",
    )
    parser.add_argument(
        "--modbus",
        default="127.0.0.1:502{number}",
        metavar="HOST:PORT",
        help="where a home finds its meter; {home} and {number} are filled in [127.0.0.1:502{number}]",
    )
    parser.add_argument("--influx", metavar="URL", help="InfluxDB; without it there is no telemetry")
    parser.add_argument(
        "--influx-token",
        default="influx.token",
        metavar="FILE",
        help="where the writers' token will lie [influx.token]",
    )
    parser.add_argument(
        "--containers", action="store_true", help="pages and emulated meters listen for other containers, too"
    )
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; 0 when done, 2 for bad input."""
    from pydantic import TypeAdapter, ValidationError

    from broker.control.ports import StorageFailed
    from broker.io.authority import AuthorityError
    from hems.app.key import KeyFileError
    from twin.founding.found import found
    from wire.fields import Community

    try:
        TypeAdapter(Community).validate_python(args.community)
        plan = _plan(args)
        founded = found(plan, args.folder, int(time.time()))
    except ValidationError:
        print(f"--community {args.community}: use 1 to 64 of a-z, 0-9, '_' and '-'", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"--folder {args.folder}: {error.strerror or error}; name a folder that can be written", file=sys.stderr
        )
        return 2
    except (AuthorityError, StorageFailed, KeyFileError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{args.folder}: {len(founded.made)} files made, what was there is kept")
    for path in founded.made:
        if path.name in SECRETS:
            print(f"  keep secret: {path}")
    for name in founded.revoked:
        again = f"community-broker certificate client {name} --folder {args.folder / 'authority'} --renew"
        print(f"  {name}: its certificate was revoked and stays so; to let it in again: {again}")
    return 0


def _plan(args: argparse.Namespace) -> "Plan":
    from twin.founding.plan import Influx, Plan, Seat
    from twin.home_page import page_port

    if not 1 <= args.homes <= 9:
        raise ValueError(f"--homes {args.homes}: is not in 1..9; more homes join with community-broker add-member")
    mqtt, seats = _address("--mqtt", args.mqtt), []
    for number in range(1, args.homes + 1):
        where = args.modbus.replace("{home}", f"home-{number}").replace("{number}", str(number))
        has_roof = number % 2 == 1
        modbus = _address("--modbus", where)
        seats.append(
            Seat(
                meter=f"home-{number}",
                modbus=modbus,
                page_port=page_port(number),
                has_pv=has_roof,
                has_battery=has_roof,
            )
        )
    return Plan(
        community=args.community,
        mqtt=mqtt,
        hosts=tuple(sorted({"localhost", "127.0.0.1", mqtt.host, *args.host})),
        seats=tuple(seats),
        influx=None if args.influx is None else Influx(url=args.influx, token_file=args.influx_token),
        pages_in_the_network=args.containers,
        simulators_on="0.0.0.0" if args.containers else "127.0.0.1",
    )


def _address(option: str, text: str) -> "Address":
    from twin.founding.plan import Address

    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{option} {text}: write HOST:PORT, for instance mqtt.example.org:8883")
    return Address(host=host, port=int(port))
