"""What the page asks of the household's port: bodies of requests become changes, outcomes become answers."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiohttp import web as http

from hems.control.household.changes import Change
from hems.control.household.options import Option
from hems.control.household.outcome import Accepted, Outcome
from hems.control.household.overrides import Action
from hems.control.household.settings import HouseholdSettings, Who
from hems.io.page.settings_section import field_name
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.answers import answer, json_body, problem
from web.bodies import text_of

BY: Who = "page"


class Wisher(Protocol):
    """The household's port, as far as the page needs it."""

    def settings(self) -> HouseholdSettings:
        """The settings that hold."""

    def options(self) -> tuple[Option, ...]:
        """What can be set."""

    def change(self, changes: "list[Change]", *, by: Who) -> Outcome:
        """Changes settings, all of them or none."""

    def override(
        self, device: str, action: Action, *, until_s: int, by: Who, power_kw: float | None = None
    ) -> Outcome:
        """Lets a device do something until a moment."""

    def cancel(self, device: str, *, by: Who) -> Outcome:
        """Ends the override of a device now."""


class BadBody(Exception):
    """A body that says nothing the page understands: the message says what it has to be."""


async def body_of(request: http.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises: BadBody."""
    if request.content_type != "application/json":
        raise BadBody("send JSON with Content-Type: application/json")
    try:
        found = json.loads(await text_of(request), parse_constant=_not_a_number)
        json.dumps(found, ensure_ascii=False).encode()  # an escaped half of a character could not be shown again
    except (ValueError, RecursionError):
        raise BadBody("send one JSON object") from None
    if not isinstance(found, dict):
        raise BadBody("send one JSON object")
    return found


def change_settings(body: Mapping[str, Any], household: Wisher) -> Outcome:
    """Changes what differs from what holds; names that are no setting of this home are refused by the port."""
    changes = []
    defaults = {field_name(option): option.default for option in household.options() if option.kind == "choice"}
    for name, value in body.items():
        setting, _, device = str(name).partition("@")
        held = household.settings().value(setting, device or None)
        if value == held or (held is None and name in defaults and value == defaults[name]):
            continue
        changes.append(Change(name=setting, device=device or None, value=value))
    return household.change(changes, by=BY)


def start_override(body: Mapping[str, Any], household: Wisher, now_s: int, shown: Shown) -> tuple[Outcome, int]:
    """Starts an override and says until when [s since 1970]. Raises: BadBody."""
    device, _, action = str(body.get("what", "")).rpartition(" ")
    until_s = _until_s(body.get("until"), now_s, shown)
    power = body.get("power_kw")
    outcome = household.override(device, action, until_s=until_s, by=BY, power_kw=power)  # type: ignore[arg-type]
    return outcome, until_s


def said(request: http.Request, outcome: Outcome, text: Callable[[], str]) -> http.StreamResponse:
    """The answer to a change: what holds now, or every reason why nothing was changed."""
    if isinstance(outcome, Accepted):
        return answer(request, json_body({"said": text() if outcome.entries else say("settings.unchanged")}))
    wrong = "; ".join(f"{reason.where} {reason.wrong}" for reason in outcome.reasons)
    return problem(422, wrong, "; ".join(dict.fromkeys(reason.remedy for reason in outcome.reasons)))


def _until_s(given: Any, now_s: int, shown: Shown) -> int:
    """The next moment at which the local clock shows HH:MM, or the whole seconds since 1970 that were given."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    now = shown.local(now_s)
    try:
        wanted = datetime.strptime(str(given), "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise BadBody("until is a local time such as 18:30, or whole seconds since 1970") from None
    until = now.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    if until.timestamp() <= now_s:
        until = (until.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=now.tzinfo)
    return math.floor(until.timestamp())


def _not_a_number(text: str) -> None:
    raise ValueError(text)
