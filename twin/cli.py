"""The `twin` command."""

import argparse
import sys

from twin.commands import compare, demo, found, history, run, strategies

EXAMPLES = """examples:
  twin demo                                   ten measured homes, one day, real MQTT and Modbus
  twin demo --live                            five homes that go on, with their pages
  twin run --scenario DIR --output out/       a scenario in virtual time
  twin compare --mechanisms all --output out/ the shipped homes under every mechanism
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status (0 done, 1 internal failure, 2 bad input, 130 interrupted)."""
    parser = argparse.ArgumentParser(
        prog="twin",
        description="A whole community on the production code.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run.add_parser(commands)
    compare.add_parser(commands)
    strategies.add_parser(commands)
    demo.add_parser(commands)
    found.add_parser(commands)
    history.add_parser(commands)
    args = parser.parse_args(argv)
    try:
        return int(args.handler(args))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _version() -> str:
    from importlib.metadata import version

    return version("hearthgrid")


if __name__ == "__main__":
    sys.exit(main())
