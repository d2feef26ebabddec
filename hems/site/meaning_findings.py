"""Findings about the meaning of a case: lengths, times, names, windows, bands that contradict each other.

The checks read the bare document and skip what is not of the expected type, so that they can report beside the
findings about its form.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from hems.site.finding import Finding

# Lists that are not one value per slot.
_FREE_LISTS = {"devices", "tiers", "sessions", "profile_kw"}


def meaning_findings(document: dict[str, Any]) -> list[Finding]:
    """All contradictions in a case document."""
    found = list(_start(document))
    slots = _whole(document.get("slots"))
    if slots is not None:
        found += _lengths(document, slots, "")
    devices = [d if isinstance(d, dict) else {} for d in _list(document.get("devices"))]
    found += _ids(devices)
    for i, device in enumerate(devices):
        where = f"devices[{i}]"
        check = _BY_KIND.get(str(device.get("kind")))
        if check is not None:
            found += check(device, where)
        if device.get("kind") == "chp":
            found += _feeds(device, where, devices)
    return found


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _start(document: dict[str, Any]) -> Iterator[Finding]:
    start = document.get("start")
    if not isinstance(start, str):
        return
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        moment = None
    if moment is None or "T" not in start.upper():
        yield Finding(where="start", wrong=f"{start[:40]!r} is not a time", remedy="write it as 2026-06-14T22:00:00Z")
    elif moment.tzinfo is None:
        yield Finding(
            where="start",
            wrong=f"{start!r} has no time zone",
            remedy="write UTC with a Z at the end, a local time is never guessed",
        )


def _lengths(node: dict[str, Any], slots: int, where: str) -> Iterator[Finding]:
    for key, value in node.items():
        here = f"{where}.{key}" if where else key
        if isinstance(value, dict):
            yield from _lengths(value, slots, here)
        elif isinstance(value, list) and key == "devices":
            for i, device in enumerate(value):
                if isinstance(device, dict):
                    yield from _lengths(device, slots, f"{here}[{i}]")
        elif isinstance(value, list) and key not in _FREE_LISTS and len(value) != slots:
            wrong = f"has {len(value)} values, the case has {slots} slots"
            yield Finding(where=here, wrong=wrong, remedy="give one value per slot, or one number for all of them")


def _ids(devices: list[dict[str, Any]]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for i, device in enumerate(devices):
        id_ = device.get("id")
        if not isinstance(id_, str):
            continue
        if id_ in seen:
            wrong = f"{id_!r} is already the id of devices[{seen[id_]}]"
            yield Finding(where=f"devices[{i}].id", wrong=wrong, remedy="give every device an id of its own")
        if id_ == "site":
            yield Finding(
                where=f"devices[{i}].id", wrong="'site' stands for the site itself", remedy="use another id"
            )
        seen.setdefault(id_, i)


def _order(device: dict[str, Any], where: str, low: str, high: str) -> Iterator[Finding]:
    """`low` must not lie above `high`, in any slot where they may vary."""
    lows, highs = device.get(low), device.get(high)
    pairs = max(len(_list(lows)), len(_list(highs)), 1)
    for k in range(pairs):
        a, b = _number(_at(lows, k)), _number(_at(highs, k))
        if a is not None and b is not None and a > b:
            slot = f" in slot {k}" if pairs > 1 else ""
            yield Finding(
                where=f"{where}.{low}",
                wrong=f"{a:g} is above {high} {b:g}{slot}",
                remedy=f"lower {low} or raise {high}",
            )
            return


def _at(value: Any, slot: int) -> Any:
    if isinstance(value, list):
        return value[slot] if slot < len(value) else None
    return value


def _battery(device: dict[str, Any], where: str) -> Iterator[Finding]:
    yield from _order(device, where, "soc_min", "soc_max")


def _ev(device: dict[str, Any], where: str) -> Iterator[Finding]:
    yield from _order(device, where, "soc_min", "soc_max")
    yield from _order(device, where, "charge_kw_min", "charge_kw_max")
    stays = []
    for i, stay in enumerate(_list(device.get("sessions"))):
        if not isinstance(stay, dict):
            continue
        arrival, departure = _whole(stay.get("arrival_slot")), _whole(stay.get("departure_slot"))
        if arrival is None or departure is None:
            continue
        if departure <= arrival:
            yield Finding(
                where=f"{where}.sessions[{i}].departure_slot",
                wrong=f"{departure} is not after arrival_slot {arrival}",
                remedy="a car leaves at least one slot after it came",
            )
        else:
            stays.append((arrival, departure, i))
    for before, after in pairwise(sorted(stays)):
        if after[0] < before[1]:
            yield Finding(
                where=f"{where}.sessions[{after[2]}].arrival_slot",
                wrong=f"{after[0]} lies in sessions[{before[2]}], which ends at slot {before[1]}",
                remedy="let the stays of one car not overlap",
            )


def _machine(device: dict[str, Any], where: str) -> Iterator[Finding]:
    yield from _order(device, where, "electric_kw_min", "electric_kw_max")
    for key in ("min_on_slots", "min_off_slots"):
        slots = _whole(device.get(key))
        if slots is not None and slots > 1 and not _number(device.get("electric_kw_min")):
            yield Finding(
                where=f"{where}.{key}",
                wrong="minimum times need a minimum power",
                remedy="give electric_kw_min above 0",
            )
    if (_whole(device.get("initial_on_slots")) or 0) > 0 and device.get("initial_off_slots") is not None:
        yield Finding(
            where=f"{where}.initial_off_slots",
            wrong="stands beside initial_on_slots",
            remedy="keep the one that was true before slot 0",
        )


def _zone(device: dict[str, Any], where: str) -> Iterator[Finding]:
    yield from _machine(device, where)
    yield from _order(device, where, "temp_min_c", "temp_max_c")
    yield from _air(device, where)


def _air(device: dict[str, Any], where: str) -> Iterator[Finding]:
    """Supply air needs a temperature and a flow, and has to be warmer or colder than what it is to reach."""
    yield from _order(device, where, "air_flow_min_m3_per_h", "air_flow_max_m3_per_h")
    given, needed = "supply_air_temp_c", "air_flow_max_m3_per_h"
    for key, other in ((given, needed), (needed, given)):
        if device.get(key) is not None and device.get(other) is None:
            yield Finding(where=f"{where}.{other}", wrong=f"is missing beside {key}", remedy="give both, or neither")
    heats = device.get("mode") == "heat"
    edge = "temp_min_c" if heats else "temp_max_c"
    air, band = (_numbers(device.get(key)) for key in (given, edge))
    useless = bool(air and band) and (max(air) <= min(band) if heats else min(air) >= max(band))
    if useless:
        yield Finding(
            where=f"{where}.{given}",
            wrong=f"{air[0]:g} can never {'warm' if heats else 'cool'} the room to {edge} {band[0]:g}",
            remedy="give the temperature of the air where it enters the room",
        )


def _numbers(value: Any) -> list[float]:
    """The numbers in a value that may vary per slot."""
    return [n for n in map(_number, value if isinstance(value, list) else [value]) if n is not None]


def _tank(device: dict[str, Any], where: str) -> Iterator[Finding]:
    yield from _order(device, where, "temp_min_c", "temp_max_c")


def _appliance(device: dict[str, Any], where: str) -> Iterator[Finding]:
    has_profile, has_block = device.get("profile_kw") is not None, device.get("block_kw") is not None
    if has_profile == has_block:
        yield Finding(
            where=f"{where}.profile_kw",
            wrong="and block_kw are both given" if has_profile else "and block_kw are both missing",
            remedy="give profile_kw for a fixed programme, or block_kw with slots_required",
        )
    if has_profile:
        for key in ("slots_required", "min_run_slots", "starts_max", "slots_done"):
            if key in device:
                yield Finding(
                    where=f"{where}.{key}", wrong="belongs to block_kw", remedy="remove it beside profile_kw"
                )
        yield from _running(device, where, len(_list(device.get("profile_kw"))))
    elif has_block and device.get("slots_required") is None:
        yield Finding(where=f"{where}.slots_required", wrong="is missing", remedy="say how many slots the block runs")
    elif has_block:
        yield from _order(device, where, "min_run_slots", "slots_required")
        yield from _done(device, where)


def _running(device: dict[str, Any], where: str, length: int) -> Iterator[Finding]:
    since = _whole(device.get("running_since_slots"))
    if since is not None and length and since >= length:
        wrong = f"{since} slots, the programme has {length}"
        yield Finding(where=f"{where}.running_since_slots", wrong=wrong, remedy="leave a finished appliance out")


def _done(device: dict[str, Any], where: str) -> Iterator[Finding]:
    done, required = _whole(device.get("slots_done")), _whole(device.get("slots_required"))
    if done is not None and required is not None and done >= required:
        yield Finding(
            where=f"{where}.slots_done",
            wrong=f"{done} of {required} slots are done",
            remedy="leave a finished appliance out",
        )


def _feeds(device: dict[str, Any], where: str, devices: list[dict[str, Any]]) -> Iterator[Finding]:
    feeds = device.get("feeds")
    if not isinstance(feeds, str):
        return
    if not any(d.get("id") == feeds and d.get("kind") in ("tank", "zone") for d in devices):
        wrong = f"{feeds!r} is not the id of a tank or zone"
        yield Finding(where=f"{where}.feeds", wrong=wrong, remedy="name a tank or zone of this case, or leave it out")


_BY_KIND: dict[str, Callable[[dict[str, Any], str], Iterator[Finding]]] = {
    "battery": _battery,
    "ev": _ev,
    "zone": _zone,
    "tank": _tank,
    "appliance": _appliance,
    "chp": _machine,
}
