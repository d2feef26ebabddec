"""The documents of the flexibility auction (procurement, baselines, verification) and of ancillary calls."""

from typing import Any

from broker.clearing.book import Step
from broker.contracts import baseline as baselines
from broker.contracts.ancillary import ReserveOffer, called, reserved, standby_pay
from broker.contracts.flexibility import Performance, Procured, procure, verify
from broker.offline.decimal_book import Finding
from broker.offline.fields import NANO, Fields, top
from wire.quantities import kwh, price_per_kwh

OFFER = '{"id": "home-1", "price": 0.3, "qty": 1}'
CALL = f'{{"slot": 18, "request": 2, "reserve_price": 0.5, "offers": [{OFFER}]}}'
METHODS = ("high_x_of_y", "middle_x_of_y", "same_weekday", "before_and_after")


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who is called at which price and, with meters, what each delivered and gets; or what is wrong."""
    fields = top(document, f'{{"direction": "reduction", "calls": [{CALL}]}}')
    is_increase = fields.text("direction", among=("reduction", "increase")) == "increase"
    penalty = fields.micro("penalty_rate", least=0, default=0)
    calls = [_call(row) for row in fields.rows("calls", CALL)]
    slots = [slot for slot, _ in calls]
    meters = _meters(fields, slots)
    if fields.findings:
        return fields.findings
    procured = [bought for _, bought in calls]
    result: dict[str, Any] = {
        "awarded": [{name: kwh(wh) for name, wh in p.awarded.items()} for p in procured],
        "prices": [None if p.price is None else price_per_kwh(p.price) for p in procured],
        "short": [kwh(p.short) for p in procured],
    }
    done: dict[str, list[Performance]] = {}
    for name, (expected, metered) in sorted(meters.items()):
        done[name] = [
            verify(p.awarded.get(name, 0), p.price or 0, penalty, expected[s], metered[s], is_increase=is_increase)
            for s, p in calls
        ]
    if done:
        result["baselines"] = {name: [kwh(expected[s]) for s in slots] for name, (expected, _) in meters.items()}
        result["delivered"] = {name: [kwh(p.delivered) for p in own] for name, own in done.items()}
        result["shortfall"] = {name: [kwh(p.shortfall) for p in own] for name, own in done.items()}
        result["payments"] = {name: sum(p.payment for p in own) / NANO for name, own in done.items()}
    return result


def _call(row: Fields) -> tuple[int, Procured]:
    request, reserve = row.wh("request", least=0), row.micro("reserve_price")
    offers = [Step(o.text("id"), o.micro("price"), o.wh("qty", least=0)) for o in row.rows("offers", OFFER)]
    return row.count("slot", default=0), procure(request, reserve, offers)


def _meters(fields: Fields, slots: list[int]) -> dict[str, tuple[list[int], list[int]]]:
    """(baseline, metered) [Wh per slot of the day] of each member; {} where the document ends with the auction."""
    if "meters" not in fields.entry:
        return {}
    method = fields.inside("baseline", '{"method": "high_x_of_y", "x": 10, "y": 10}')
    method.text("method", among=METHODS)
    found = {}
    for row in fields.rows("meters", '{"id": "home-1", "days": [[1, 1]], "metered": [1, 0.5]}'):
        metered, days = row.list_wh("metered"), _days(row)
        if any(len(day) != len(metered) for day in days):
            row.wrong("days", "a day has another number of slots than `metered`", "write one value for each slot")
        elif any(slot >= len(metered) for slot in slots):
            row.wrong("metered", "ends before a call", "write one value for each slot of the day")
        elif not fields.findings:
            found[row.text("id")] = (_baseline(method, row, days, metered, slots), metered)
    return found


def _days(row: Fields) -> list[list[int]]:
    value = row.entry.get("days", [])
    if not isinstance(value, list):
        row.wrong("days", "is not a list", "write one list of energies in kWh for each day, oldest first")
        return []
    inner = Fields({f"days[{i}]": day for i, day in enumerate(value)}, row.where, row.findings)
    return [inner.list_wh(name) for name in inner.entry]


def _baseline(method: Fields, row: Fields, days: list[list[int]], metered: list[int], slots: list[int]) -> list[int]:
    name, size = method.entry["method"], len(metered)
    try:
        if name == "before_and_after":
            before, after = ([metered[i] for i in _slots(method, key, size)] for key in ("before", "after"))
            return baselines.before_and_after(before, after, size)
        if name == "same_weekday":
            found = baselines.same_weekday(
                days, _weekdays(row, len(days)), method.count("weekday"), method.count("count", least=1)
            )
        else:
            match = baselines.high_x_of_y if name == "high_x_of_y" else baselines.middle_x_of_y
            found = match(days, slots, method.count("x", least=1), method.count("y", least=1))
    except ValueError as error:
        row.wrong("days", str(error), "add days or change the method")
        return metered
    return _adjusted(method, found, metered)


def _adjusted(method: Fields, found: list[int], metered: list[int]) -> list[int]:
    if "adjustment" not in method.entry:
        return found
    rule = method.inside("adjustment", '{"by": "ratio", "slots": [14, 15, 16], "cap": 0.2}')
    slots = _slots(rule, "slots", len(metered))
    if rule.text("by", among=("ratio", "difference")) == "difference":
        return baselines.adjusted_by_difference(found, metered, slots)
    return baselines.adjusted_by_ratio(
        found, metered, slots, rule.number("cap", "parts of 1", least=0, default="0.2")
    )


def _weekdays(row: Fields, days: int) -> list[int]:
    weekdays = _wholes(row, "weekdays")
    if len(weekdays) != days:
        row.wrong("weekdays", f"has {len(weekdays)} values for {days} days", "write one number for each day")
        return [0] * days
    return weekdays


def _slots(fields: Fields, key: str, size: int) -> list[int]:
    slots = _wholes(fields, key)
    if any(slot >= size for slot in slots):
        fields.wrong(key, f"leaves the day of {size} slots", f"use numbers from 0 to {size - 1}")
        return []
    return slots


def _wholes(fields: Fields, key: str) -> list[int]:
    value = fields.entry.get(key, [])
    if not isinstance(value, list):
        fields.wrong(key, "is not a list", "write a list of whole numbers")
        return []
    inner = Fields({f"{key}[{i}]": entry for i, entry in enumerate(value)}, fields.where, fields.findings)
    return [inner.count(name) for name in inner.entry]


def solve_ancillary(document: Any) -> dict[str, Any] | list[Finding]:
    """Who stands by, who is called and what each gets, or everything that is wrong with the document."""
    example = '{"id": "home-1", "qty": 1, "availability_price": 0.02, "activation_price": 0.3}'
    fields = top(document, f'{{"request": 2, "reserve_price": 0.05, "offers": [{example}], "call": 1}}')
    request, reserve = fields.wh("request", least=0), fields.micro("reserve_price")
    penalty = fields.micro("penalty_rate", least=0, default=0)
    offers = [
        ReserveOffer(o.text("id"), o.wh("qty", least=0), o.micro("availability_price"), o.micro("activation_price"))
        for o in fields.rows("offers", example)
    ]
    call, delivered = fields.wh("call", least=0, default=0), fields.wh_by_name("delivered", default={})
    if fields.findings:
        return fields.findings
    standby = reserved(request, reserve, offers)
    activated = called(call, standby.awarded, offers)
    pay = {
        name: standby_pay(
            wh,
            activated.awarded.get(name, 0),
            delivered.get(name, 0),
            standby.price or 0,
            activated.price or 0,
            penalty=penalty,
        )
        for name, wh in standby.awarded.items()
    }
    return {
        "reserved": {name: kwh(wh) for name, wh in standby.awarded.items()},
        "availability_price": None if standby.price is None else price_per_kwh(standby.price),
        "called": {name: kwh(wh) for name, wh in activated.awarded.items()},
        "activation_price": None if activated.price is None else price_per_kwh(activated.price),
        "short": kwh(standby.short),
        "shortfall": {name: kwh(p.shortfall) for name, p in pay.items()},
        "payments": {name: p.payment / NANO for name, p in pay.items()},
    }
