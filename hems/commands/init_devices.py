"""The devices of a first set-up: those that answer beside the meter on Modbus, and those that options name."""

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from hems.commands.init_meter import Found
from hems.commands.meter_named import host_and_port
from hems.commands.questions import Questions
from hems.io.modbus_discovery import FoundOnBus
from wire.registers import DeviceKind, DeviceState

LOOPBACK = "127.0.0.1"
BATTERY_ID = 2
Device = dict[str, Any]


class NoDevice(ValueError):
    """An option names no device: the message says what to give."""


def devices(args: argparse.Namespace, ask: Questions, found: Found) -> list[Device]:
    """The `[[device]]` tables; what was found and needs more than its nameplate is told, not written."""
    told = [peer for peer in found.devices if peer.state is not None and peer.state.kind is not DeviceKind.BATTERY]
    tables = [*_battery(args, ask, found), *_pv(args)]
    for peer in told:
        table = _by_nameplate(peer, found)
        if table is None:
            print(f"also found, not written: {_told(peer)}; add it with [[device]] (docs/configuration.md)")
        else:
            print(f"also found: {_told(peer)}")
            tables.append(table)
    return _named_apart(tables)


def _battery(args: argparse.Namespace, ask: Questions, found: Found) -> list[Device]:
    """The battery that was found, or is named, or is told; none without numbers."""
    peer = None if args.battery is not None else next(_of_kind(found, DeviceKind.BATTERY), None)
    told = None if peer is None or peer.state is None else _battery_numbers(peer.state)
    if args.battery is not None:
        numbers = [float(part) for part in args.battery.split(",")] if _is_three(args.battery) else None
        if numbers is None:
            raise NoDevice(
                f"--battery {args.battery!r}: give capacity, charging and discharging power, such as 10,5,5"
            )
    else:
        default = "none" if told is None else ",".join(f"{number:g}" for number in told)
        numbers = ask.numbers("battery: capacity [kWh], charging, discharging power [kW]", default, 3)
    if numbers is None:
        return []
    place = _battery_place(args, ask, found, peer)
    device_id = args.battery_device_id or (BATTERY_ID if peer is None else peer.device_id)
    powers = dict(zip(("capacity_kwh", "charge_kw_max", "discharge_kw_max"), numbers, strict=True))
    return [{"kind": "battery", "id": "battery", **place, "device_id": device_id, **powers}]


def _battery_place(args: argparse.Namespace, ask: Questions, found: Found, peer: FoundOnBus | None) -> Device:
    """Host and port of the battery; nothing where it is the meter's."""
    place = args.battery_host
    if place is None and peer is not None:
        return _place(peer, found)
    if place is None and "kind" in found.tables["meter"]:
        if not ask.is_asking:
            raise NoDevice("the meter is not on Modbus: give --battery-host HOST[:PORT] for the battery")
        place = ask.checked("address of the battery on Modbus TCP", "127.0.0.1:502", lambda p: host_and_port(p, 502))
    if place is None:
        return {}
    host, port = host_and_port(place, 502)
    return {"host": host, "port": port}


def _place(peer: FoundOnBus, found: Found) -> Device:
    """Host and port of what was found; nothing where it is the meter's."""
    meter = found.tables["meter"]
    is_beside = "kind" not in meter and (meter.get("host", LOOPBACK), meter.get("port", 502)) == (
        peer.host,
        peer.port,
    )
    return {} if is_beside else {"host": peer.host, "port": peer.port}


def _by_nameplate(peer: FoundOnBus, found: Found) -> Device | None:
    """The table of a roof or a charging point; None for what a nameplate does not describe."""
    assert peer.state is not None
    place = {**_place(peer, found), "device_id": peer.device_id}
    match peer.state.kind:
        case DeviceKind.PV if peer.state.power_out_max_w:
            return {"kind": "pv", "id": "pv", **place, "peak_kw": peer.state.power_out_max_w / 1000.0}
        case DeviceKind.EV_CHARGER if peer.state.power_in_max_w:
            return {"kind": "ev", "id": "car", **place, "charge_kw_max": peer.state.power_in_max_w / 1000.0}
    return None


def _told(peer: FoundOnBus) -> str:
    assert peer.state is not None
    return f"{peer.state.kind.replace('_', ' ')} at {peer.host}:{peer.port}, unit {peer.device_id}"


def _named_apart(tables: Iterable[Device]) -> list[Device]:
    """The tables with ids that differ: the second `pv` is `pv-2`."""
    seen: dict[str, int] = {}
    named = []
    for table in tables:
        name = table["id"]
        seen[name] = seen.get(name, 0) + 1
        named.append(table if seen[name] == 1 else {**table, "id": f"{name}-{seen[name]}"})
    return named


def _of_kind(found: Found, kind: DeviceKind) -> Iterator[FoundOnBus]:
    return (peer for peer in found.devices if peer.state is not None and peer.state.kind is kind)


def _is_three(text: str) -> bool:
    parts = text.split(",")
    return len(parts) == 3 and all(part.strip().replace(".", "", 1).isdigit() for part in parts)


def _pv(args: argparse.Namespace) -> list[Device]:
    if args.pv is None:
        return []
    template, comma, topic = args.pv.partition(",")
    if not comma:
        raise NoDevice(f"--pv {args.pv!r}: give a template and a topic, such as opendtu,solar/ac/power")
    return [{"kind": "pv", "id": "pv", "template": template, "topic": topic}]


def _battery_numbers(state: DeviceState) -> list[float] | None:
    """Capacity [kWh], charging and discharging power [kW] of a battery's nameplate; None when it does not tell."""
    told = (state.capacity_wh, state.power_in_max_w, state.power_out_max_w)
    return None if not all(told) else [number / 1000.0 for number in told if number is not None]
