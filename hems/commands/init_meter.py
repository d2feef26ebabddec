"""The meter of a first set-up: named by options, or found on Modbus TCP and MQTT; and the test of its sign."""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hems.commands.meter_named import NoMeter, host_and_port, meter_tables, mqtt_table
from hems.commands.meter_test import Ticker
from hems.commands.questions import Questions
from hems.io.meter_watch import watched
from hems.io.modbus_discovery import FoundOnBus, TooManyHosts, bus_peers, hosts_of
from hems.io.modbus_link import MeterError
from hems.io.mqtt_discovery import FoundMeter, mqtt_meters
from hems.io.peers import Peers, bound_meter
from hems.metering.meter_check import MeterCheck, checked
from hems.site.config import HomeConfig
from hems.site.config_meter import MqttMeterTable, MqttTable

DEVICE_IDS_MAX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The tables `[meter]` and `[mqtt]` of the meter that was chosen, and the devices that answer on Modbus."""

    tables: dict[str, Any]
    devices: tuple[FoundOnBus, ...] = ()


def meter_for(args: argparse.Namespace, ask: Questions) -> Found:
    """The meter that options name, or the chosen one of those found.

    Raises: NoMeter when none is found, or options are wrong.
    """
    if any(getattr(args, name) is not None for name in ("template", "modbus", "p1")):
        return Found(tables=meter_tables(args), devices=_devices_beside(args))
    on_bus, on_mqtt = asyncio.run(_search(args))
    meters: list[tuple[str, dict[str, Any]]] = [(_told(peer), _bus_tables(peer)) for peer in on_bus if peer.reading]
    meters += [(_told_mqtt(meter), _mqtt_tables(args, meter)) for meter in on_mqtt]
    if not meters:
        raise NoMeter(
            "no meter was found: is it on, and in this network? Name it with --modbus HOST, --mqtt HOST, "
            "--template NAME --topic TOPIC or --p1 DEVICE, or look in more places with --scan 192.0.2.0/24"
        )
    print("found:")
    for i, (told, _) in enumerate(meters, start=1):
        print(f"  {i}. {told}")
    wish = args.choose or round(ask.number("which one is the meter at the connection?", 1))
    if not 1 <= wish <= len(meters):
        raise NoMeter(f"there is no number {wish}: choose 1 to {len(meters)}")
    return Found(tables=meters[wish - 1][1], devices=tuple(peer for peer in on_bus if peer.state is not None))


def kettle_test(config: HomeConfig, base: Path, seconds: float) -> MeterCheck:
    """What the meter says while a kettle is switched on."""

    async def listen() -> MeterCheck:
        meter = Peers(config, base).meter()
        try:
            return checked(await watched(meter, seconds, on_sample=Ticker()))
        finally:
            meter.close()

    return asyncio.run(listen())


def turned(tables: dict[str, Any], config: HomeConfig, base: Path) -> dict[str, Any]:
    """The tables with the sign of power turned. A P1 telegram names its directions and is left as it is."""
    meter = dict(tables["meter"])
    match config.meter.kind:
        case "modbus":
            meter["power_sign"] = -config.meter.power_sign
        case "mqtt":
            assert isinstance(config.meter, MqttMeterTable)
            sign = next(v.sign for v in bound_meter(config.meter, base).values if v.quantity == "power_w")
            values = dict(meter.get("value", {}))
            meter["value"] = {**values, "power_w": {**values.get("power_w", {}), "sign": -sign}}
    return {**tables, "meter": meter}


async def _search(args: argparse.Namespace) -> tuple[list[FoundOnBus], list[FoundMeter]]:
    try:
        hosts = hosts_of(args.scan or ["127.0.0.1"])
    except TooManyHosts as error:
        raise NoMeter(f"--scan {error}") from None
    ports, ids = _numbers(args.ports, "--ports", 65_535), _numbers(args.device_ids, "--device-ids", 247)
    print(f"asking {len(hosts)} hosts on Modbus TCP, ports {args.ports}, unit ids {args.device_ids}", flush=True)
    asked = bus_peers(hosts, ports, ids)
    if args.mqtt is None:
        return await asked, []
    host, port = host_and_port(args.mqtt, 1883)
    args.host, args.port = host, port
    print(f"listening to MQTT at {host}:{port} for {args.listen:g} s", flush=True)
    try:
        on_bus, on_mqtt = await asyncio.gather(asked, mqtt_meters(MqttTable(**mqtt_table(args)), Path(), args.listen))
    except MeterError as error:
        raise NoMeter(str(error)) from None
    return on_bus, on_mqtt


def _numbers(text: str, option: str, largest: int) -> list[int]:
    """The numbers in texts such as `1-3` and `502,1502`."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not all(p.isascii() and p.isdigit() and len(p) <= 5 for p in ((first, last) if dash else (first,))):
            raise NoMeter(f"{option} {text!r}: give numbers such as 1-3 or 502,1502")
        numbers += range(int(first), int(last if dash else first) + 1)
    if not numbers or len(numbers) > DEVICE_IDS_MAX or min(numbers) < 1 or max(numbers) > largest:
        raise NoMeter(f"{option} {text!r}: give at most {DEVICE_IDS_MAX} numbers from 1 to {largest}")
    return numbers


def _devices_beside(args: argparse.Namespace) -> tuple[FoundOnBus, ...]:
    """The devices that answer under the unit ids beside a named Modbus meter."""
    if args.modbus is None:
        return ()
    host, port = host_and_port(args.modbus, 502)
    peers = asyncio.run(bus_peers([host], [port], _numbers(args.device_ids, "--device-ids", 247)))
    return tuple(peer for peer in peers if peer.state is not None)


def _bus_tables(peer: FoundOnBus) -> dict[str, Any]:
    found = {"host": peer.host, "port": peer.port, "device_id": peer.device_id, "map": peer.map}
    usual = {"host": "127.0.0.1", "port": 502, "device_id": 1, "map": "sunspec"}
    return {"meter": {n: v for n, v in found.items() if v != usual[n]} or {"host": peer.host}}


def _mqtt_tables(args: argparse.Namespace, meter: FoundMeter) -> dict[str, Any]:
    return {
        "meter": {"kind": "mqtt", "template": meter.template, "topic": meter.topic},
        "mqtt": mqtt_table(args),
    }


def _told(peer: FoundOnBus) -> str:
    assert peer.reading is not None
    return f"Modbus {peer.host}:{peer.port}, unit {peer.device_id}, {peer.map}: {peer.reading.power_w} W"


def _told_mqtt(meter: FoundMeter) -> str:
    registers = {2: "registers of import and export", 1: "one register"}.get(meter.rank, "power only, second best")
    return f"MQTT {meter.template} on {meter.topic}: {meter.power_w} W, {registers}"
