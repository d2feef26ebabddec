"""The home at this moment: where power comes from and goes to, and what every device does and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hems.control.decision import Decision, Setpoint
from hems.control.household.overrides import Override
from hems.metering.image import DeviceImage, SiteImage
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, Home, LightingUnit, PvUnit, Unit, ZoneUnit

Kind = Literal["pv", "battery", "ev", "zone", "lighting", "appliance"]
FlowKind = Literal["grid", "house", "unknown", "pv", "battery", "ev", "zone", "lighting", "appliance"]
VISIBLE_KW = 0.005
UNBALANCED_KW = 0.05  # a smaller difference is that the values were not read in the same instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Power [kW, > 0] that comes from or goes to something; `name` is the device's id, "" for grid and house."""

    kind: FlowKind
    name: str
    kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNow:
    """One device: what it does [kW, + into it], what it was told and why, and its state.

    `kw` is None while it does not answer, `told_kw` while nothing was decided for it. `worth_per_h` is what the
    command gains [currency/h] at the price it reacted to [currency/kWh].
    """

    name: str
    kind: Kind
    kw: float | None
    told_kw: float | None
    text: str
    code: str
    price_per_kwh: float | None
    worth_per_h: float
    soc: float | None = None
    temp_c: float | None = None
    needed_kwh: float | None = None
    departure_s: int | None = None
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NowView:
    """The moment `at_s`: net power [kW, + from the grid], flows in and out, devices, rung of the ladder."""

    at_s: int
    grid_kw: float
    sources: tuple[Flow, ...]
    sinks: tuple[Flow, ...]
    devices: tuple[DeviceNow, ...]
    rung: str | None  # None: nothing was decided yet


def now_view(home: Home, image: SiteImage, decision: Decision | None, overrides: Sequence[Override] = ()) -> NowView:
    """The view of an image and the newest decision."""
    told = {} if decision is None else {setpoint.device: setpoint for setpoint in decision.setpoints}
    held = {override.device: override for override in overrides}
    sources, sinks = _flows(home, image)
    return NowView(
        at_s=image.at_s,
        grid_kw=image.grid_w / 1000.0,
        sources=sources,
        sinks=sinks,
        devices=tuple(
            _device(unit, image.devices.get(unit.id), told.get(unit.id), held.get(unit.id)) for unit in home.units
        ),
        rung=None if decision is None else decision.rung,
    )


def kind_of(unit: Unit) -> Kind:
    """The kind of a device in one word."""
    match unit:
        case PvUnit():
            return "pv"
        case BatteryUnit():
            return "battery"
        case EvUnit():
            return "ev"
        case ZoneUnit():
            return "zone"
        case LightingUnit():
            return "lighting"
        case ApplianceUnit():
            return "appliance"


def _flows(home: Home, image: SiteImage) -> tuple[tuple[Flow, ...], tuple[Flow, ...]]:
    """Sources and sinks, whose sums are equal: what the meters leave open is a flow of its own."""
    parts = [("grid", "", -image.grid_w / 1000.0), ("house", "", image.base_load_w / 1000.0)]
    parts += [(kind_of(u), u.id, image.devices[u.id].power_w / 1000.0) for u in home.units if u.id in image.devices]
    open_kw = -sum(kw for _, _, kw in parts)
    if abs(open_kw) > UNBALANCED_KW:
        parts.append(("unknown", "", open_kw))
    sources = tuple(Flow(kind=k, name=n, kw=-kw) for k, n, kw in parts if kw < -VISIBLE_KW)  # type: ignore[arg-type]
    sinks = tuple(Flow(kind=k, name=n, kw=kw) for k, n, kw in parts if kw > VISIBLE_KW)  # type: ignore[arg-type]
    order = {"pv": 0, "battery": 1, "grid": 2, "house": 3}
    return (
        tuple(sorted(sources, key=lambda flow: order.get(flow.kind, 4))),
        tuple(sorted(sinks, key=lambda flow: (flow.kind == "grid", flow.kind != "house", flow.kind, flow.name))),
    )


def _device(unit: Unit, seen: DeviceImage | None, told: Setpoint | None, override: Override | None) -> DeviceNow:
    stay = None if seen is None else seen.stay
    return DeviceNow(
        name=unit.id,
        kind=kind_of(unit),
        kw=None if seen is None else seen.power_w / 1000.0,
        told_kw=None if told is None else told.power_kw,
        text="" if told is None else told.why.text,
        code="" if told is None else told.why.code,
        price_per_kwh=None if told is None else told.why.price_per_kwh,
        worth_per_h=0.0 if told is None else told.why.worth_per_h,
        soc=None if seen is None else seen.soc,
        temp_c=None if seen is None else seen.temp_c,
        needed_kwh=None if stay is None else stay.energy_needed_wh / 1000.0,
        departure_s=None if stay is None else stay.departure_s,
        override=override,
    )
