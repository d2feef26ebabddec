"""Command `meter-sim`: run the simulator, dump registers, switch faults, print the register map."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from meter_firmware_sim.client import (
    CONTROL_DEVICE_ID,
    ClientError,
    active_faults,
    connected,
    dump,
    switch_fault,
)
from meter_firmware_sim.config import (
    ConfigError,
    SimulatorConfig,
    checked_config,
    checked_fault,
    load_config,
)
from meter_firmware_sim.faults import FAULTS, FaultKind
from meter_firmware_sim.map_table import register_tables
from meter_firmware_sim.memory import MemoryMismatch
from meter_firmware_sim.profiles import PROFILES
from meter_firmware_sim.runner import run
from meter_firmware_sim.server import PortUnavailable
from meter_firmware_sim.state_file import StateFileError

EXIT_DONE, EXIT_BAD_INPUT = 0, 2
EXAMPLES = """examples:
  meter-sim run --port 5020 --profile kettle
  meter-sim run --config meter.toml
  meter-sim run --port 5020 --fault drift=200 --fault swapped
  meter-sim dump --port 5020 --json
  meter-sim fault --port 5020 stuck on
  meter-sim fault --port 5020 offset on --parameter 250
  meter-sim fault --port 5020 list
  meter-sim map
"""
_BAD_INPUT = (ConfigError, ClientError, PortUnavailable, MemoryMismatch, StateFileError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 2 bad input or unusable port or file, told on stderr."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except _BAD_INPUT as error:
        print(f"meter-sim: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, BrokenPipeError):
        return EXIT_DONE


def _run(options: argparse.Namespace) -> int:
    config = _run_config(options)

    def tell(port: int) -> None:
        address = {"host": config.server.host, "port": port, "devices": [1, *(d.id for d in config.device)]}
        text = (
            json.dumps(address)
            if options.json
            else f"meter {config.meter.serial} listens on {config.server.host}:{port}"
        )
        print(text, flush=True)

    with suppress(asyncio.CancelledError):
        asyncio.run(run(config, tell))
    return EXIT_DONE


def _run_config(options: argparse.Namespace) -> SimulatorConfig:
    config = SimulatorConfig() if options.config is None else load_config(options.config)
    changes: dict[str, Any] = {}
    server = {k: v for k in ("host", "port", "state_file") if (v := getattr(options, k)) is not None}
    if server:
        changes["server"] = config.server.model_dump() | server
    if options.profile is not None:
        changes["profile"] = options.profile
    if options.fault:
        faults = [*config.fault, *(checked_fault(text) for text in options.fault)]
        changes["fault"] = [fault.model_dump() for fault in faults]
    return checked_config(config.model_dump() | changes, "command line")


def _dump(options: argparse.Namespace) -> int:
    with connected(options.host, options.port, options.device) as client:
        content = dump(client)
    if options.json:
        print(json.dumps(content))
        return EXIT_DONE
    for part, values in content.items():
        print(f"[{part}]" if isinstance(values, dict) else f"{part} = {values}")
        for name, value in values.items() if isinstance(values, dict) else ():
            print(f"  {name} = {value}")
    return EXIT_DONE


def _fault(options: argparse.Namespace) -> int:
    with connected(options.host, options.port, CONTROL_DEVICE_ID) as control:
        if options.kind != "list":
            switch_fault(
                control,
                FaultKind(options.kind),
                options.state == "on",
                parameter=options.parameter,
                device_id=options.device,
            )
        faults = active_faults(control)
    if options.json:
        print(json.dumps({"active": faults}))
    else:
        lines = [f"device {f['device']}: {f['kind']} (parameter {f['parameter']})" for f in faults]
        print("\n".join(lines) or "no fault is on")
    return EXIT_DONE


def _map(options: argparse.Namespace) -> int:
    print(json.dumps({"markdown": register_tables()}) if options.json else register_tables(), end="")
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meter-sim",
        description="A transactive electricity meter and devices, emulated at register level over Modbus TCP.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"meter-sim {version('hearthgrid')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_dump(commands)
    _add_fault(commands)
    map_parser = commands.add_parser("map", help="print the register map as Markdown")
    map_parser.add_argument("--json", action="store_true", help="print JSON only")
    map_parser.set_defaults(command=_map)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("run", help="serve a meter in real time")
    parser.add_argument("--config", type=Path, help="TOML file; options below override it")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (5020), 0 for any free one")
    parser.add_argument("--profile", choices=PROFILES, help="what happens behind the meter (home)")
    parser.add_argument("--state-file", type=Path, help="keeps the registers over restarts")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND[=PARAMETER]", help="fault from the start"
    )
    parser.add_argument("--json", action="store_true", help="print the address as JSON")
    parser.set_defaults(command=_run)


def _add_dump(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("dump", help="print the decoded registers of a meter or device")
    _add_address(parser)
    parser.set_defaults(command=_dump)


def _add_fault(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    table = "\n".join(
        f"  {kind:14} {info.meaning} (parameter: {info.parameter}, default {info.default})"
        for kind, info in FAULTS.items()
    )
    parser = commands.add_parser(
        "fault",
        help="switch a fault of a running simulator",
        epilog=f"faults:\n{table}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_address(parser)
    parser.add_argument("kind", choices=[*FAULTS, "list"], metavar="KIND", help="a fault below, or list")
    parser.add_argument("state", nargs="?", choices=["on", "off"], default="on")
    parser.add_argument("--parameter", type=int, help="strength of the fault")
    parser.set_defaults(command=_fault)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address of the server (127.0.0.1)")
    parser.add_argument("--port", type=int, default=5020, help="its port (5020)")
    parser.add_argument("--device", type=int, default=1, help="device id (1, the meter)")
    parser.add_argument("--json", action="store_true", help="print JSON only")


if __name__ == "__main__":
    sys.exit(main())
