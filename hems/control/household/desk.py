"""The household's port for programs beside the energy manager: one JSON object asks, one answers."""

from typing import Any

from hems.control.household.changes import CHANGES_MAX, Change
from hems.control.household.ends import end_s
from hems.control.household.household import Household
from hems.control.household.outcome import Outcome, Rejected
from hems.control.household.settings import Who
from hems.site.finding import Finding

Line = dict[str, Any]


def answer(household: Household, asked: Line, *, by: Who, now_s: int, timezone: str) -> Line:
    """The answer to a request; one that is none is refused like a wrong wish."""
    match asked:
        case {"ask": "show"}:
            return shown(household)
        case {"ask": "set", "changes": list(changes)} if all(isinstance(one, dict) for one in changes):
            made = [
                Change(name=c.get("name", ""), device=c.get("device"), value=c.get("value"))
                for c in changes[: CHANGES_MAX + 1]
            ]
            return told(household.change(made, by=by))
        case {"ask": "cancel", "device": str(device)}:
            return told(household.cancel(device, by=by))
        case {"ask": "override", "device": str(device), "action": str(action), "until": str(until)}:
            until_s = end_s(until, now_s, timezone)
            if isinstance(until_s, Finding):
                return told(Rejected(reasons=(until_s,)))
            power_kw = asked.get("power_kw")
            return told(household.override(device, action, until_s=until_s, power_kw=power_kw, by=by))  # type: ignore[arg-type]
        case _:
            wrong = Finding(where="request", wrong="is not understood", remedy="ask show, set, override or cancel")
            return told(Rejected(reasons=(wrong,)))


def told(outcome: Outcome) -> Line:
    """An outcome as JSON."""
    if isinstance(outcome, Rejected):
        return {"accepted": False, "reasons": [str(reason) for reason in outcome.reasons]}
    changes = [{"what": e.what, "device": e.device, "before": e.before, "after": e.after} for e in outcome.entries]
    return {"accepted": True, "changes": changes}


def shown(household: Household) -> Line:
    """Everything that can be set, what holds, and the overrides, as JSON."""
    wished = household.settings()
    return {
        "settings": [
            {
                "name": option.name,
                "device": option.device,
                "value": wished.value(option.name, option.device),
                "toml": option.default,
                "takes": list(option.choices) if option.choices else _takes(option.kind, option.low, option.high),
                "unit": option.unit,
            }
            for option in household.options()
        ],
        "overrides": [
            {"device": o.device, "action": o.action, "power_kw": o.power_kw, "until_s": o.until_s, "by": o.by}
            for o in household.overrides()
        ],
    }


def _takes(kind: str, low: float, high: float) -> str:
    return "HH:MM" if kind == "time" else f"{low:g} to {high:g}"
