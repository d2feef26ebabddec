"""The program of a whole case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.direct import appliance, consumption, site, storage, thermal
from benchmarks.direct.program import Program

Bools = NDArray[np.bool_]
Case = Mapping[str, Any]
GRID = ""  # the connection among the ids of devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Decisions that a solve showed to be needed: pairs of flows that exclude each other, and late appliances."""

    either_or: frozenset[str] = field(default_factory=frozenset)
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A case as a program, and where its connection is in it."""

    case: Case
    program: Program
    meter: site.Connection


def formulation(case: Case, extras: Extras = Extras()) -> Built:
    """The program of a case.

    A slot imports or exports, a store charges or discharges. Only where prices make breaking that pay is a binary
    spent on it: export above import, or import that earns money. What else breaks it comes as `extras` after a look.
    """
    made = Program(slots=case["slots"], slot_h=case["slot_minutes"] / 60.0)
    paid, earned = site.prices(case)
    heat: dict[str, list[Any]] = {}
    for device in case["devices"]:
        if device["kind"] == "chp":
            machine = thermal.chp(made, device)
            heat.setdefault(device.get("feeds") or GRID, []).append(machine)
    for device in case["devices"]:
        if device["kind"] in ("battery", "ev", "hydrogen"):
            _add_store(made, case, device, (paid < 0.0) | (device["id"] in extras.either_or))
        elif device["kind"] in ("zone", "tank"):
            add = thermal.zone if device["kind"] == "zone" else thermal.tank
            add(made, device, heat.get(device["id"], []))
        else:
            _add_other(made, case, device, late=extras.late)
    meter = site.connection(made, case, (earned > paid) | (GRID in extras.either_or))
    site.sharing_rules(made, case, meter)
    return Built(case=case, program=made, meter=meter)


def _add_store(made: Program, case: Case, device: Mapping[str, Any], apart: Bools) -> None:
    outage = np.logical_and(*(limit <= 0.0 for limit in site.limits_kw(case)))
    match device["kind"]:
        case "battery":
            storage.battery(made, device, apart, outage)
        case "ev":
            storage.ev(made, device, apart, outage)
        case _:
            storage.hydrogen(made, device, apart)


def _add_other(made: Program, case: Case, device: Mapping[str, Any], *, late: bool) -> None:
    match device["kind"]:
        case "pv":
            consumption.pv(made, device)
        case "load":
            consumption.load(made, device, site.lost_price(case))
        case "lighting":
            consumption.lighting(made, device, site.lost_price(case))
        case "appliance":
            appliance.appliance(made, device, late=late or appliance.window_is_too_short(device, made.slots))
