"""Register map of the simulated devices: vendor models 64860 (battery) to 64865 (PV inverter).

All kinds share one layout, so one driver serves them; what a kind lacks reads as not implemented.
A command is a lease and its five points are written in one request. It ends at whichever comes
first: `Until` on the device's own clock, or `RvrtS` seconds after the write. The second does not depend on
any clock being right; after the end the device applies `RvrtW`.

The device refuses (Modbus exception 3, nothing changes) a token older than the newest it has seen, a
power it cannot run at, and a partial command (exception 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag, StrEnum

from wire.registers.chain import RegisterMapError
from wire.registers.points import Model, PointSpec, decode_model, encode_model, integer, model
from wire.registers.words import PointType as T
from wire.registers.words import Value

DEVICE_MAP_VERSION = 1


class DeviceKind(StrEnum):
    """Kinds of simulated devices."""

    BATTERY = "battery"
    EV_CHARGER = "ev_charger"
    HEAT_PUMP = "heat_pump"
    LIGHTING = "lighting"
    RELAY = "relay"
    PV = "pv"


class DeviceFlags(IntFlag):
    """Status bits of a device (point Sts)."""

    NONE = 0
    LEASE_ACTIVE = 1
    REVERTED = 2
    FAULT = 4


MODEL_OF_KIND = {
    DeviceKind.BATTERY: 64860,
    DeviceKind.EV_CHARGER: 64861,
    DeviceKind.HEAT_PUMP: 64862,
    DeviceKind.LIGHTING: 64863,
    DeviceKind.RELAY: 64864,
    DeviceKind.PV: 64865,
}


def _rows() -> list[PointSpec]:
    def row(name: str, kind: T, meaning: str, unit: str = "", *, writable: bool = False) -> PointSpec:
        return PointSpec(name=name, kind=kind, meaning=meaning, unit=unit, writable=writable)

    return [
        row("Ver", T.U16, f"version of this map, {DEVICE_MAP_VERSION}"),
        row("Sts", T.BITS16, "1 lease active, 2 reversion setpoint applied, 4 fault"),
        row("W", T.I32, "measured power, into the device positive", "W"),
        row("Clk", T.U64, "the device's clock, Unix time", "s"),
        row("WMaxIn", T.U32, "nameplate: most power it takes", "W"),
        row("WMaxOut", T.U32, "nameplate: most power it gives", "W"),
        row("WMin", T.U32, "nameplate: least power it runs at, apart from 0", "W"),
        row("WhRtg", T.U32, "nameplate: energy it stores", "Wh"),
        row("SoC", T.U16, "state of charge", "permille"),
        row("Plg", T.U16, "1 plugged in, 0 not"),
        row("Tmp", T.I16, "room or tank temperature", "0.01 degC"),
        row("Lux", T.U16, "illuminance", "lx"),
        row("On", T.U16, "1 on, 0 off"),
        row("AvlW", T.U32, "power that a generator could give now", "W"),
        row("NeedWh", T.U32, "energy that the plugged-in car still needs", "Wh"),
        row("Dep", T.U64, "departure of the plugged-in car, Unix time", "s"),
        row("OutTmp", T.I16, "outdoor temperature", "0.01 degC"),
        row("DayLux", T.U16, "illuminance by daylight alone", "lx"),
        row("ReqLux", T.U16, "illuminance wanted now, 0 when nobody is there", "lx"),
        row("RunSince", T.U64, "start of the programme that is running, Unix time", "s"),
        row("DoneToday", T.U16, "1 when today's programme has run"),
        row("ActW", T.I32, "setpoint applied now, commanded or reversion", "W"),
        row("LeaseEnds", T.U16, "leases that ran out since start, modulo 65535"),
        row("Refused", T.U16, "writes refused since start, modulo 65535"),
        row("SetW", T.I32, "setpoint, into the device positive", "W", writable=True),
        row("Until", T.U64, "end of the lease on the device's clock, Unix time", "s", writable=True),
        row("Token", T.U32, "fencing token of the writer", writable=True),
        row("RvrtW", T.I32, "setpoint after the lease", "W", writable=True),
        row("RvrtS", T.U16, "seconds after the write at which the lease ends at the latest", "s", writable=True),
    ]


DEVICE_MODELS: dict[DeviceKind, Model] = {
    kind: model(model_id, f"Device: {kind.value.replace('_', ' ')}", _rows())
    for kind, model_id in MODEL_OF_KIND.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCommand:
    """The writable part: `setpoint_w` until the lease ends, `reversion_w` from then on."""

    setpoint_w: int
    valid_until_epoch_s: int
    token: int
    reversion_w: int
    reversion_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """What a device reports; None: not implemented by this kind, or not known to the device now."""

    kind: DeviceKind
    power_w: int | None
    applied_w: int | None
    clock_epoch_s: int | None
    flags: DeviceFlags
    power_in_max_w: int | None
    power_out_max_w: int | None
    power_min_w: int | None
    capacity_wh: int | None
    soc: float | None = None
    plugged: bool | None = None
    temp_c: float | None = None
    illuminance_lux: int | None = None
    on: bool | None = None
    available_w: int | None = None
    energy_needed_wh: int | None = None
    departure_epoch_s: int | None = None
    outdoor_temp_c: float | None = None
    daylight_lux: int | None = None
    required_lux: int | None = None
    running_since_epoch_s: int | None = None
    done_today: bool | None = None
    lease_ends: int | None = None
    refused_writes: int | None = None
    command: DeviceCommand | None = None


def encode_state(state: DeviceState) -> list[int]:
    """Words of the device model of this kind, header first."""
    values: dict[str, Value] = {
        "Ver": DEVICE_MAP_VERSION,
        "Sts": int(state.flags),
        "W": state.power_w,
        "Clk": state.clock_epoch_s,
        "WMaxIn": state.power_in_max_w,
        "WMaxOut": state.power_out_max_w,
        "WMin": state.power_min_w,
        "WhRtg": state.capacity_wh,
        "SoC": None if state.soc is None else round(state.soc * 1000),
        "Plg": None if state.plugged is None else int(state.plugged),
        "Tmp": None if state.temp_c is None else round(state.temp_c * 100),
        "Lux": state.illuminance_lux,
        "On": None if state.on is None else int(state.on),
        "AvlW": state.available_w,
        "NeedWh": state.energy_needed_wh,
        "Dep": state.departure_epoch_s,
        "OutTmp": None if state.outdoor_temp_c is None else round(state.outdoor_temp_c * 100),
        "DayLux": state.daylight_lux,
        "ReqLux": state.required_lux,
        "RunSince": state.running_since_epoch_s,
        "DoneToday": None if state.done_today is None else int(state.done_today),
        "ActW": state.applied_w,
        "LeaseEnds": state.lease_ends,
        "Refused": state.refused_writes,
    }
    return encode_model(DEVICE_MODELS[state.kind], values | _command_values(state.command))


def decode_state(words: Sequence[int]) -> DeviceState:
    """State in the words of a device model, header first.

    Raises RegisterMapError when the model is not one of ours.
    """
    kind = next((k for k, model_id in MODEL_OF_KIND.items() if model_id == words[0]), None)
    if kind is None:
        raise RegisterMapError(f"model {words[0]} is no device model (64860 to 64865)")
    values = decode_model(DEVICE_MODELS[kind], words)
    status, soc = integer(values, "Sts"), integer(values, "SoC")
    temp, outdoor = integer(values, "Tmp"), integer(values, "OutTmp")
    return DeviceState(
        kind=kind,
        power_w=integer(values, "W"),
        applied_w=integer(values, "ActW"),
        clock_epoch_s=integer(values, "Clk"),
        flags=DeviceFlags.FAULT if status is None else DeviceFlags(status),
        power_in_max_w=integer(values, "WMaxIn"),
        power_out_max_w=integer(values, "WMaxOut"),
        power_min_w=integer(values, "WMin"),
        capacity_wh=integer(values, "WhRtg"),
        soc=None if soc is None else soc / 1000,
        plugged=_truth(values, "Plg"),
        temp_c=None if temp is None else temp / 100,
        illuminance_lux=integer(values, "Lux"),
        on=_truth(values, "On"),
        available_w=integer(values, "AvlW"),
        energy_needed_wh=integer(values, "NeedWh"),
        departure_epoch_s=integer(values, "Dep"),
        outdoor_temp_c=None if outdoor is None else outdoor / 100,
        daylight_lux=integer(values, "DayLux"),
        required_lux=integer(values, "ReqLux"),
        running_since_epoch_s=integer(values, "RunSince"),
        done_today=_truth(values, "DoneToday"),
        lease_ends=integer(values, "LeaseEnds"),
        refused_writes=integer(values, "Refused"),
        command=_command(values),
    )


def encode_command(command: DeviceCommand) -> list[int]:
    """Words of the writable part, to be written in one request at the model's `writable_span`."""
    table = DEVICE_MODELS[DeviceKind.BATTERY]
    offset, count = table.writable_span
    return encode_model(table, _command_values(command))[offset : offset + count]


def decode_command(words: Sequence[int]) -> DeviceCommand | None:
    """Command in the words of a write of the whole writable part; None when a point is not a number."""
    table = DEVICE_MODELS[DeviceKind.BATTERY]
    return _command(decode_model(table, [*([0] * table.writable_span[0]), *words]))


def _command_values(command: DeviceCommand | None) -> dict[str, Value]:
    if command is None:
        return {}
    return {
        "SetW": command.setpoint_w,
        "Until": command.valid_until_epoch_s,
        "Token": command.token,
        "RvrtW": command.reversion_w,
        "RvrtS": command.reversion_s,
    }


def _command(values: dict[str, Value]) -> DeviceCommand | None:
    names = ("SetW", "Until", "Token", "RvrtW", "RvrtS")
    numbers = [number for name in names if (number := integer(values, name)) is not None]
    if len(numbers) < len(names):
        return None
    return DeviceCommand(
        setpoint_w=numbers[0],
        valid_until_epoch_s=numbers[1],
        token=numbers[2],
        reversion_w=numbers[3],
        reversion_s=numbers[4],
    )


def _truth(values: dict[str, Value], name: str) -> bool | None:
    number = integer(values, name)
    return None if number is None else bool(number)
