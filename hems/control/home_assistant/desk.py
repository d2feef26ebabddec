"""Where Home Assistant's commands meet the household: each is checked, done or refused, and the refusal is told."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hems.control.home_assistant.entities import HOURS_MAX, HOURS_MIN
from hems.control.home_assistant.entity import Command
from hems.control.home_assistant.payloads import number_of, override_of, text_of
from hems.control.home_assistant.values import iso
from hems.control.household.changes import Change
from hems.control.household.household import Household
from hems.control.household.options import by_place
from hems.control.household.outcome import Accepted, Outcome, Rejected
from hems.control.household.overrides import ACTIONS, Action
from hems.control.household.settings import Value, Who
from hems.site.finding import Finding

BY: Who = "home_assistant"
PER_MINUTE_MAX = 60
TEXT_MAX = 255  # of a state in Home Assistant
HOURS_DEFAULT = 2.0
NO_CHANGE = Accepted(entries=())


class CommandDesk:
    """Takes commands by component; `refusal` is the newest that was refused, told until one is accepted."""

    def __init__(
        self,
        household: Household,
        commands: Mapping[str, Command],
        now: Callable[[], int],
        hours: float = HOURS_DEFAULT,
    ) -> None:
        self._household = household
        self._commands = commands
        self._now = now
        self._recent: deque[int] = deque(maxlen=PER_MINUTE_MAX)
        self.hours = hours
        self.refusal: dict[str, Any] = _no_refusal()

    def take(self, component: str, payload: bytes) -> Outcome:
        """Does what a command says, or says why not. Never raises for what a stranger sends."""
        outcome = self._taken(component, payload)
        self.refusal = _no_refusal() if isinstance(outcome, Accepted) else self._refused(component, outcome)
        return outcome

    def _taken(self, component: str, payload: bytes) -> Outcome:
        command, now_s = self._commands.get(component), self._now()
        if command is None:
            return _rejected(component[:40], "takes no commands", "see the topics in discovery")
        if len(self._recent) == PER_MINUTE_MAX and now_s - self._recent[0] < 60:
            return _rejected(component, f"more than {PER_MINUTE_MAX} commands a minute", "send fewer")
        self._recent.append(now_s)
        text = text_of(payload, component)
        return Rejected(reasons=(text,)) if isinstance(text, Finding) else self._done(command, text, component)

    def _done(self, command: Command, text: str, where: str) -> Outcome:
        match command.kind:
            case "setting" | "percent":
                return self._set(command, text, where)
            case "override":
                return self._override(command.device or "", text, where)
            case "thermostat":
                word = text if text in ("auto", "off") else "on" if text == command.name else ""
                return self._override(command.device or "", word, where)
            case "hours":
                return self._set_hours(text, where)
            case "end_all":
                return self._end_all(text, where)

    def _set(self, command: Command, text: str, where: str) -> Outcome:
        option = by_place(self._household.options())[command.name, command.device]
        value: Value | Finding = text
        if option.kind == "number":
            value = number_of(text, where)
        elif text == "" and option.kind == "time":
            value = None
        if isinstance(value, Finding):
            return Rejected(reasons=(value,))
        if command.kind == "percent" and isinstance(value, float):
            value = round(value / 100.0, 6)
        return self._household.change([Change(name=command.name, device=command.device, value=value)], by=BY)

    def _override(self, device: str, text: str, where: str) -> Outcome:
        wish = override_of(text, where)
        if isinstance(wish, Finding):
            return Rejected(reasons=(wish,))
        if wish.action == "auto":
            held = any(override.device == device for override in self._household.overrides())
            return self._household.cancel(device, by=BY) if held else NO_CHANGE
        action: Action | None = next((one for one in ACTIONS if one == wish.action), None)
        hours = self.hours if wish.hours is None else wish.hours
        if action is None or not 0.0 < hours <= 168.0:
            return _rejected(where, f"{text[:60]!r} is no override", f"send auto, {', '.join(ACTIONS)}")
        until_s = self._now() + round(hours * 3600)
        return self._household.override(device, action, until_s=until_s, power_kw=wish.power_kw, by=BY)

    def _set_hours(self, text: str, where: str) -> Outcome:
        hours = number_of(text, where)
        if isinstance(hours, Finding):
            return Rejected(reasons=(hours,))
        if not HOURS_MIN <= hours <= HOURS_MAX:
            return _rejected(where, f"{hours:g} hours", f"choose {HOURS_MIN:g} to {HOURS_MAX:g}")
        self.hours = hours
        return NO_CHANGE

    def _end_all(self, text: str, where: str) -> Outcome:
        if text != "PRESS":
            return _rejected(where, f"{text[:40]!r} is no press", "send PRESS")
        for override in self._household.overrides():
            outcome = self._household.cancel(override.device, by=BY)
            if isinstance(outcome, Rejected):
                return outcome
        return NO_CHANGE

    def _refused(self, component: str, outcome: Rejected) -> dict[str, Any]:
        reasons = [str(reason) for reason in outcome.reasons]
        text = "; ".join(reasons)
        short = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 3] + "..."
        return {"text": short, "command": component[:40], "at": iso(self._now()), "reasons": reasons[:10]}


def _no_refusal() -> dict[str, Any]:
    return {"text": "none", "command": None, "at": None, "reasons": []}


def _rejected(where: str, wrong: str, remedy: str) -> Rejected:
    return Rejected(reasons=(Finding(where=where, wrong=wrong, remedy=remedy),))
