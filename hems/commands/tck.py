"""`hems tck`: the test kit of the market protocol, against a broker or a meter that someone else wrote."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EPILOG = """examples:
  hems tck list                                    every numbered requirement, and which the kit judges
  hems tck broker --host mqtt.example --port 8883 --ca community-ca.pem --community elm --members keys.json
  hems tck broker --community elm --members keys.json --only TP-080 --only TP-150
  hems tck broker --community elm --members keys.json --html report.html --kill 'systemctl kill -s KILL broker' \\
                  --start 'systemctl start broker'
  hems tck meter --community elm --meter home-1 --meter-key 8a88e3dd... --broker-seed seed.txt --tap 1884
  hems tck meter --community elm --broker-seed seed.txt --show-key    the key that the meter under test has to believe

exit status: 0 every judged requirement holds; 1 one is broken, none was judged, or the run stopped early;
             2 bad input or nothing to test"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """The parser of this command, added to those of a program."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "tck",
        help="test a broker or a meter against the protocol",
        description="Runs the numbered assertions of the market protocol (docs/protocol/specification.md).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    listed = what.add_parser("list", help="every numbered requirement")
    listed.add_argument("--json", action="store_true", help="for machines")
    listed.set_defaults(run=run_list)
    _add_broker(what)
    _add_meter(what)
    again = what.add_parser("judge", help="judge a kept transcript again")
    again.add_argument("transcript", type=Path, metavar="FILE", help="what --transcript has kept")
    _add_report(again)
    again.set_defaults(run=run_judge)
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the MQTT server (127.0.0.1)")
    parser.add_argument("--port", type=int, default=1883, help="its port (1883)")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="certificate authority of the server; turns TLS on")
    parser.add_argument("--community", required=True, metavar="ID", help="the community under test")
    parser.add_argument("--driven", metavar="TIME", help="drive the clock from this time on (2027-01-15T08:00:00Z)")
    parser.add_argument("--answer-within", type=float, default=5.0, metavar="S", help="how long answers may take (5)")
    parser.add_argument("--transcript", type=Path, metavar="FILE", help="keep what was sent and heard")
    _add_report(parser)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", action="append", default=[], metavar="TP-000", help="judge only this number")
    parser.add_argument("--verbose", action="store_true", help="show what holds too")
    parser.add_argument("--json", action="store_true", help="the report for machines")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report as Markdown too")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")


def _add_broker(what: Any) -> None:
    parser = what.add_parser("broker", help="test a broker as two of its members and a stranger")
    _add_shared(parser)
    parser.add_argument("--members", type=Path, required=True, metavar="KEYS.json", help="seeds of two test members")
    parser.add_argument("--broker-key", metavar="HEX", help="the key that the operator has told; else the calendar's")
    parser.add_argument("--follow", action="store_true", help="take the time from a clock that is driven (sandbox)")
    parser.add_argument("--correct-within", type=int, metavar="S", help="how long the community takes corrections")
    parser.add_argument("--no-acl", action="store_true", help="do not try what the MQTT server has to stop")
    parser.add_argument(
        "--call", metavar="COMMAND", help="asks for flexibility; {call} and {slot} stand for its name and first slot"
    )
    parser.add_argument("--kill", metavar="COMMAND", help="ends the broker without notice")
    parser.add_argument("--start", metavar="COMMAND", help="starts the broker again, and returns")
    parser.set_defaults(run=run_broker)


def _add_meter(what: Any) -> None:
    parser = what.add_parser("meter", help="test a meter: the kit plays its broker")
    _add_shared(parser)
    parser.add_argument("--meter", metavar="ID", default="home-1", help="the meter under test (home-1)")
    parser.add_argument("--meter-key", metavar="HEX", help="its public key")
    parser.add_argument("--broker-seed", type=Path, metavar="FILE", help="64 hexadecimal digits; made when not there")
    parser.add_argument("--show-key", action="store_true", help="print the key of that seed and leave")
    parser.add_argument("--tap", type=int, metavar="PORT", help="where the meter connects, instead of the server")
    parser.add_argument("--tap-host", default="127.0.0.1", metavar="HOST", help="address of the tap (127.0.0.1)")
    parser.add_argument("--slot-minutes", type=int, default=5, metavar="N", help="length of a slot (5)")
    parser.add_argument("--username", help="how the kit connects to the MQTT server as the broker")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="its password")
    parser.set_defaults(run=run_meter)


def run_list(args: argparse.Namespace) -> int:
    """Prints the requirements."""
    from conformance.command import listing

    print(listing(as_json=args.json))
    return 0


def run_broker(args: argparse.Namespace) -> int:
    """Exit status of a run against a broker."""
    from conformance.command import broker_command

    return _interruptible(broker_command, args)


def run_judge(args: argparse.Namespace) -> int:
    """Exit status of judging a transcript."""
    from conformance.command import judge_command

    return judge_command(args)


def run_meter(args: argparse.Namespace) -> int:
    """Exit status of a run against a meter."""
    from conformance.command import meter_command

    return _interruptible(meter_command, args)


def _interruptible(command: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        return command(args)
    except KeyboardInterrupt:
        print("interrupted: nothing was judged", file=sys.stderr)
        return 130
