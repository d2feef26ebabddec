"""The document in which settings and overrides survive a restart."""

from collections.abc import Sequence
from typing import Any

from hems.control.household.changes import Change, changed, findings
from hems.control.household.overrides import Override, override_findings
from hems.control.household.settings import HouseholdSettings, Value
from hems.site.finding import Finding
from hems.site.home import Home


def stored(settings: HouseholdSettings, overrides: Sequence[Override]) -> Any:
    """The document of settings and overrides, plain JSON."""
    return {
        "settings": [[name, device, value] for (name, device), value in settings.values.items()],
        "overrides": [[o.device, o.action, o.power_kw, o.until_s, o.by, o.since_s] for o in overrides],
    }


def restored(home: Home, document: Any) -> tuple[HouseholdSettings, tuple[Override, ...], tuple[Finding, ...]]:
    """Settings and overrides of a stored document, and what was left out: devices come and go with the TOML."""
    settings, overrides, left_out = HouseholdSettings(), list[Override](), list[Finding]()
    for row in _rows(document, "settings", 3):
        change = Change(name=str(row[0]), device=row[1], value=_value(row[2]))
        wrong = findings(home, settings, [change])
        left_out += wrong
        settings = settings if wrong else changed(settings, [change])
    for device, action, power_kw, until_s, by, since_s in _rows(document, "overrides", 6):
        wish = Override(device=device, action=action, power_kw=power_kw, until_s=until_s, by=by, since_s=since_s)
        wrong = override_findings(home, wish, since_s if type(since_s) is int else 0)
        left_out += wrong
        overrides += [] if wrong else [wish]
    return settings, tuple(overrides), tuple(left_out)


def _rows(document: Any, name: str, width: int) -> list[list[Any]]:
    given = document.get(name) if isinstance(document, dict) else None
    rows = given if isinstance(given, list) else []
    return [row for row in rows if isinstance(row, list) and len(row) == width]


def _value(value: Any) -> Value:
    return value if isinstance(value, str | float | int) else None
