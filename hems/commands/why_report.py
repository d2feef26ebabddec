"""Reports of `hems why`: an explanation as a JSON object, and as a sentence with a small table."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hems.commands.why_sources import Asked
from hems.io.edge_records import Told
from hems.planning.device import Tank, Zone
from hems.planning.reasons.explanation import Explanation, Instead
from hems.planning.reasons.sentences import remedy_sentences, sentence
from hems.planning.reasons.words import money

_WAYS = {
    "not": "not doing it",
    "charge": "charging now",
    "give": "giving now",
    "run": "running now",
    "run_at_all": "running it",
    "restore": "full power",
    "lower": "lowering it",
    "use_all": "using all",
}

PRICES = {"feed_in": "feed-in price", "import": "price", "local": "local price"}
OFFER = "offer"  # the rung of what was decided in a market stage: there is no device to explain


def report(asked: Asked, device: str) -> dict[str, Any]:
    """All that is known of a device in the slot asked about, as the object that --json prints."""
    made: dict[str, Any] = {"device": device}
    told = asked.told.get(device)
    if told is not None:
        made["told"] = _told(told)
        if told.rung == OFFER:
            return made | {"sentence": told.text}
    if device not in asked.plan.devices:
        text = f"{device} is not in the plan of this moment: it did not answer, or there was nothing to plan for it."
        return made | {"sentence": text}
    try:
        explained = asked.planner.explain(device, asked.slot)
    except LookupError:
        return made | _by_rules(asked, device)
    return made | _explained(asked, explained)


def _told(told: Told) -> dict[str, Any]:
    at = datetime.fromtimestamp(told.at_s, UTC).isoformat()
    made = {"at": at, "rung": told.rung, "power_kw": told.power_kw, "code": told.code, "text": told.text}
    if told.rung == OFFER:
        return made
    return made | {"price_per_kwh": told.price_per_kwh, "worth_per_h": told.worth_per_h}


def _price_is(asked: Asked, told: Explanation) -> str:
    """Whose price it is: the local one of the community, or that of the tariff for buying or selling."""
    if asked.problem.exchange is not None:
        return "local"
    return "feed_in" if told.sells else "import"


def _basis(asked: Asked) -> dict[str, str]:
    """By which prices the costs of the answer are counted, as a word and as a sentence."""
    k, exchange, tariff = asked.slot, asked.problem.exchange, asked.problem.tariff
    if exchange is None:
        bought, sold = float(tariff.import_price_per_kwh[k]), float(tariff.export_price_per_kwh[k])
        at = f"at {asked.at(k)} {bought:.3f} per kWh bought, {sold:.3f} sold"
        return {"basis": "tariff", "counted_by": f"Counted by the tariff: {at}."}
    low, high = (float(exchange.prices_per_kwh[k, j]) for j in (0, -1))
    at = f"at {asked.at(k)} from {low:.3f} to {high:.3f} per kWh, the more this home takes the higher"
    return {"basis": "local_price", "counted_by": f"Counted by the local price of the community: {at}."}


def _by_rules(asked: Asked, device: str) -> dict[str, Any]:
    """What the plan itself says when it was made by plain rules, without a solver to ask."""
    given = [r for r in asked.plan.reasons.get(device, ()) if r.first <= asked.slot < r.end]
    text = f"{device} {given[0].text}" if given else f"{device} has nothing to do"
    power_kw = float(asked.plan.devices[device].power_kw[asked.slot])
    return {"sentence": f"{text}; this plan was made by plain rules.", "power_kw": power_kw}


def _explained(asked: Asked, told: Explanation) -> dict[str, Any]:
    def utc(slot: int) -> str:
        return asked.moment(slot).astimezone(UTC).isoformat()

    return {
        "sentence": sentence(told, asked.at),
        "would_change": remedy_sentences(told, asked.at),
        "code": told.code.value,
        "action": told.action.value,
        "from": utc(told.first),
        "to": utc(told.end),
        "slots": [told.first, told.end],
        "power_kw": told.power_kw,
        "energy_kwh": told.energy_kwh,
        "temp_c" if isinstance(told.device, Zone | Tank) else "soc": told.state,
        "price_per_kwh": told.price,
        "price_is": _price_is(asked, told),
        **_basis(asked),
        "worth": told.worth,
        "instead": [_instead(other, utc) for other in told.instead],
        "limits": [{"name": x.name, "value": x.value, "unit": x.unit, "slot": x.slot} for x in told.limits],
        "changes": [
            {"lever": r.lever.value, "then": r.then.value, "value": r.value, "was": r.was, "unit": r.unit}
            for r in told.remedies
        ],
        "as_planned_then": not asked.differs(told.device.id),
    }


def _instead(other: Instead, utc: Any) -> dict[str, Any]:
    return {
        "what": other.what.value,
        "cost": other.cost,
        "exact": other.exact,
        "broken": [
            {
                "device": "site" if broken.device is None else broken.device.id,
                "wish": broken.wish,
                "amount": broken.amount,
                "unit": broken.unit,
            }
            for broken in other.broken
        ],
        "moved_kwh": other.moved_kwh,
        "price_now_per_kwh": other.price_now,
        "price_other_per_kwh": other.price_other,
        "other_at": None if other.other_slot is None else utc(other.other_slot),
        "temp_c": other.temp_c,
    }


def text(asked: Asked, made: dict[str, Any]) -> str:
    """The sentence, what would change it, and the numbers as an aligned table."""
    rows = list(_rows(asked, made))
    width = max((len(name) for name, _ in rows), default=0)
    lines = [made["sentence"], *made.get("would_change", []), *_counted_by(asked, made)]
    return "\n".join([*lines, *(f"  {name:<{width}}  {value}" for name, value in rows)])


def _counted_by(asked: Asked, made: dict[str, Any]) -> list[str]:
    """The prices behind the costs, for a home: a case has those that stand in it."""
    return [made["counted_by"]] if asked.stored is not None and "counted_by" in made else []


def _rows(asked: Asked, made: dict[str, Any]) -> Iterator[tuple[str, str]]:
    told = asked.told.get(made["device"])
    if told is not None and told.rung != OFFER:
        yield "told", f"{told.power_kw:.2f} kW ({told.rung.replace('_', ' ')}): {told.text}"
        worth = f", by prices worth {money(told.worth_per_h)} per hour" if told.worth_per_h >= 0.0005 else ""
        yield "reacted to", f"{told.price_per_kwh:.3f} for one more kWh{worth}"
    if "slots" not in made:
        return
    way = "out" if made["energy_kwh"] < 0.0 else "in"
    energy = f"{abs(made['energy_kwh']):.2f} kWh from {_span(asked, made)}"
    yield "planned", f"{abs(made['power_kw']):.2f} kW {way}, {energy}"
    if made.get("temp_c") is not None:
        yield "temperature", f"{made['temp_c']:.1f} °C"
    if made.get("soc") is not None:
        yield "charge", f"{100 * made['soc']:.0f} %"
    yield PRICES[made["price_is"]], f"{made['price_per_kwh']:.3f} per kWh"
    for other in made["instead"]:
        cost = other["cost"]
        least = "" if other["exact"] else "at least "
        difference = f"{least}{money(abs(cost))} {'more' if cost >= 0.0 else 'less'}"
        yield _WAYS[other["what"]], difference if abs(cost) >= 0.0005 else "the same"
    for limit in made["limits"]:
        says_time = limit["unit"] == "slot" or (limit["unit"] == "kW" and limit["value"] == 0.0)
        value = "" if says_time else f"{limit['value']:g} {limit['unit']} "
        yield limit["name"], f"{value}at {asked.at(limit['slot'])}"
    if not made["as_planned_then"]:
        yield "note", "planned again with the same numbers it would act differently now; told is what counted"


def _span(asked: Asked, made: dict[str, Any]) -> str:
    first, end = made["slots"]
    return f"{asked.at(first)} to {asked.at(end)}"
