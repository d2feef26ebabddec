"""Sentences: an explanation in words of money, comfort and limits; the caller says what time a slot is."""

from hems.planning.device import Appliance, Battery, Chp, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone
from hems.planning.reasons.actions import Action, Otherwise
from hems.planning.reasons.codes import Code
from hems.planning.reasons.explanation import Explanation, Instead
from hems.planning.reasons.limits import (
    EXPORT_LIMIT,
    FULLEST,
    HIGHEST_IMPORT,
    IMPORT_LIMIT,
    WINDOW_CLOSES,
    WINDOW_OPENS,
)
from hems.planning.reasons.words import At, money, noun, remedy_words, wish_words

_SAME_PRICE = 0.0015  # currency/kWh; nearer prices are the same to a person
_LITTLE = 0.005  # currency; less makes no difference to a person


def sentence(told: Explanation, at: At) -> str:
    """One sentence: what the device does, why, and what doing otherwise would mean."""
    who = noun(told.device)
    return f"{who[0].upper()}{who[1:]} {_doing(told, at)}{_because(told, at)}{_outcome(told)}."


def remedy_sentences(told: Explanation, at: At) -> list[str]:
    """What would change it, one sentence each."""
    return [f"It would {remedy_words(told, remedy, at)}." for remedy in told.remedies]


def _doing(told: Explanation, at: At) -> str:
    kwh = f"{abs(told.energy_kwh):.1f} kWh" if abs(told.energy_kwh) >= 0.095 else f"{abs(told.energy_kwh):.2f} kWh"
    span = f"from {at(told.first)} to {at(told.end)}"
    match told.device, told.action:
        case _, Action.CHARGES:
            return f"charges {kwh} {span}"
        case _, Action.GIVES:
            return f"{'sells' if told.code is Code.EXPORT_PAYS else 'gives'} {kwh} {span}"
        case Appliance(), Action.RUNS:
            return f"runs {span}"
        case Chp(), Action.RUNS:
            return f"makes {kwh} {'of electricity ' * (told.device.thermal_efficiency > 0.0)}{span}"
        case _, Action.RUNS:
            return f"uses {kwh} {span}"
        case _, Action.LOWERED:
            return f"is lowered {span}"
        case _, Action.FULL:
            return "runs as wanted"
        case _, Action.USED:
            return f"gives {kwh} {span}"
        case _, Action.CUT:
            return f"is held back {span}"
        case Ev() | Battery() | Hydrogen(), Action.OFF:
            return "waits"
        case Appliance(), _:
            return "does not run"
        case Zone() | Tank() | Chp() | Load() | Lighting(), _:
            return "is off"
        case _:
            return "rests"


def _because(told: Explanation, at: At) -> str:
    """The reason as a part of the sentence, with the prices that are compared."""
    if told.code is Code.MANUAL:
        return ", as you told it to"
    match told.action:
        case Action.NOTHING:
            return _nothing(told)
        case Action.OFF:
            return _waiting(told, at)
        case Action.CUT:
            limited = any(limit.name == EXPORT_LIMIT for limit in told.limits)
            return ": the connection takes no more" if limited else ": more of it would cost money"
        case Action.LOWERED if told.code is Code.LOST_LOAD:
            return ": the supply does not reach"
        case Action.LOWERED:
            return _lowered(told)
        case Action.USED | Action.FULL:
            return ""
        case _:
            return _acting(told, at)


def _lowered(told: Explanation) -> str:
    assert isinstance(told.device, Load | Lighting)
    if told.price > told.device.discomfort_per_kwh:
        return f": energy costs {told.price:.3f} per kWh, more than the comfort given up is worth to you"
    peak = any(limit.name == HIGHEST_IMPORT for limit in told.limits)
    return ", which keeps the highest import down" if peak else ""


def _acting(told: Explanation, at: At) -> str:
    main = told.instead[0] if told.instead else None
    now = None if main is None else main.price_now
    price = told.price if now is None else now
    match told.code:
        case Code.DEPARTURE if isinstance(told.device, Ev):
            return f" at {price:.3f} per kWh, to be ready for departure"
        case Code.COMFORT if isinstance(told.device, Zone | Tank):
            return f" at {price:.3f} per kWh, to keep the temperature you asked for"
        case Code.RESERVE if told.action is Action.CHARGES:
            return f" at {price:.3f} per kWh, to keep the charge you asked for"
        case Code.SOLAR_SURPLUS:
            earns = "nothing" if now is None or now < 0.0005 else f"{now:.3f} per kWh"
            return f": sold, this sun would earn {earns}{_saved(main, at)}"
        case Code.EXPORT_PAYS:
            way = "earns" if price >= 0.0 else "costs"
            return f": selling {way} {abs(price):.3f} per kWh then{_compared(main, at, cheaper=True)}"
        case Code.CHEAPEST_WINDOW:
            return f", where energy costs {price:.3f} per kWh{_compared(main, at)}"
        case Code.LOST_LOAD:
            return ": this keeps the house supplied"
        case Code.GRID_LIMIT:
            return ": the connection is at its limit"
        case Code.DEADLINE:
            return " to be done in time"
        case Code.MUST_RUN:
            return ": a run that has begun is not interrupted"
        case _ if told.action is Action.GIVES or isinstance(told.device, Chp):
            return f": buying would cost {price:.3f} per kWh then{_compared(main, at, cheaper=True)}"
        case _:
            return f": energy costs {price:.3f} per kWh then{_compared(main, at)}"


def _compared(main: Instead | None, at: At, *, cheaper: bool = False) -> str:
    """The price at the other time, where it differs enough to tell; `cheaper` says which way it is a reason."""
    if main is None or main.price_other is None or main.other_slot is None or main.price_now is None:
        return ""
    dearer = main.price_other - main.price_now
    if abs(dearer) < _SAME_PRICE:
        return ""
    word = ", but" if (dearer < 0.0) == cheaper else " and"
    return f"{word} {main.price_other:.3f} around {at(main.other_slot)}"


def _saved(main: Instead | None, at: At) -> str:
    if main is None or main.price_other is None or main.other_slot is None:
        return ""
    return f", used around {at(main.other_slot)} it saves {main.price_other:.3f}"


def _nothing(told: Explanation) -> str:
    match told.device:
        case Ev():
            return ": it is not plugged in"
        case Pv():
            return ": there is no sun"
        case _:
            return ": daylight is enough" if told.code is Code.DAYLIGHT else ": nothing is wanted"


def _waiting(told: Explanation, at: At) -> str:
    names = {limit.name for limit in told.limits}
    if isinstance(told.device, Appliance) and not told.instead:
        return _no_room(told, at)
    if any(other.what is Otherwise.RUN_AT_ALL for other in told.instead):
        return ""
    if not told.instead and IMPORT_LIMIT in names:
        return ": the connection is at its limit"
    if isinstance(told.device, Battery | Ev) and not any(other.what is Otherwise.CHARGE for other in told.instead):
        if FULLEST in names:
            return ": it is full"
        own = not told.device.grid_charge_allowed
        return ": it may not charge from the grid" if own else ": there is no power left for it"
    main = told.instead[0] if told.instead else None
    if main is None or main.price_now is None or main.price_other is None or main.other_slot is None:
        return ": the temperature holds without it" if isinstance(told.device, Zone | Tank) else ""
    return f": energy costs {main.price_now:.3f} per kWh then{_compared(main, at, cheaper=True)}"


def _no_room(told: Explanation, at: At) -> str:
    edges = {limit.name: limit.slot for limit in told.limits}
    if WINDOW_OPENS in edges and not edges[WINDOW_OPENS] <= told.slot < edges[WINDOW_CLOSES]:
        return f": its window is from {at(edges[WINDOW_OPENS])} to {at(edges[WINDOW_CLOSES])}"
    return ": there is no room for a run that starts then"


def _outcome(told: Explanation) -> str:
    """What doing otherwise would mean, for every way there is."""
    return "".join(f"; {_instead(told, other)}" for other in told.instead)


def _instead(told: Explanation, other: Instead) -> str:
    little, least = abs(other.cost) < _LITTLE, "" if other.exact else "at least "
    cost = f"{least}{money(abs(other.cost))}"
    if other.broken:
        wishes = " and ".join(wish_words(broken) for broken in other.broken[:2])
        side = "lower" if other.cost < 0.0 else "higher"
        bill = f", and the bill would be {cost} {side}" if other.exact and not little else ""
        return f"{'without it' if other.what is Otherwise.NOT else f'if it {_past(told, other)}'}, {wishes}{bill}"
    if other.temp_c is not None:
        reached = f"without it {told.device.id} would reach {other.temp_c:.1f} °C"
        return f"{reached}, {cost} more with the discomfort as you priced it"
    if other.what is Otherwise.NOT:
        return _not_doing(told, other, cost) if not little else "at another time it would cost the same"
    return _doing_now(told, other, "the same" if little else cost)


def _not_doing(told: Explanation, other: Instead, cost: str) -> str:
    if other.cost < 0.0:
        return f"without it you would pay {cost} less"
    return f"without it you would pay {cost} more" if told.action is Action.USED else f"this saves {cost}"


def _doing_now(told: Explanation, other: Instead, cost: str) -> str:
    more = "" if cost == "the same" else " more"
    match other.what:
        case Otherwise.LOWER:
            return f"lowering it would cost {cost}{' more than' if more else ' as'} it saves"
        case Otherwise.RESTORE:
            return f"full power would cost {cost}{' more than' if more else ' as'} it is worth to you"
        case Otherwise.RUN_AT_ALL:
            return f"a run would cost {cost}{' more than' if more else ' as'} it is worth to you"
        case _ if other.cost < -_LITTLE:
            return f"{_gerund(told, other)} would save {cost}"
        case _:
            return f"{_gerund(told, other)} would cost {cost}{more}"


def _gerund(told: Explanation, other: Instead) -> str:
    if other.what is Otherwise.RUN:
        return "starting then" if isinstance(told.device, Appliance) else "running then"
    words = {
        Otherwise.CHARGE: "charging then",
        Otherwise.GIVE: "giving energy then",
        Otherwise.USE_ALL: "using all of it",
    }
    return words.get(other.what, "doing otherwise")


def _past(told: Explanation, other: Instead) -> str:
    if other.what is Otherwise.RUN:
        return "started then" if isinstance(told.device, Appliance) else "ran then"
    words = {
        Otherwise.CHARGE: "charged then",
        Otherwise.GIVE: "gave energy then",
        Otherwise.USE_ALL: "were used in full",
        Otherwise.RUN_AT_ALL: "ran",
        Otherwise.RESTORE: "ran at full power",
        Otherwise.LOWER: "were lowered",
    }
    return words[other.what]
