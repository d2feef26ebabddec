"""What comes in about the limit of a connection, as a signal: JSON with limits, or the state of a contact.

Nothing else counts as a heartbeat: a message that is not understood leaves what holds as it is.
"""

import math
from typing import Any

from hems.control.grid_limit import GridSignal
from hems.metering.foreign.flags import Flag
from hems.metering.foreign.payload import at_path, document, is_missing, shown
from wire.slots import parse_utc

KEYS = ("import_limit_w", "export_limit_w", "until")
LIMIT_W_MAX = 1e9
WORD_BYTES_MAX = 60


class NoSignal(ValueError):
    """A message that is none: the text says what is wrong with it and what belongs there."""


def told_limits(payload: bytes, heard_s: int) -> GridSignal:
    """The limits of a JSON document, as `{"import_limit_w": 4200, "export_limit_w": null, "until": null}`.

    A limit is a power [W, >= 0]; what is left out or null is not limited. `until` is a time with its zone.

    Raises: NoSignal.
    """
    found = document(payload, "grid limit")
    if isinstance(found, Flag) or not isinstance(found, dict):
        raise NoSignal(f"{shown(payload)} is no JSON object: send import_limit_w and export_limit_w")
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise NoSignal(f"unknown key {unknown[0][:40]!r}: the keys are {', '.join(KEYS)}")
    return GridSignal(
        heard_s=heard_s,
        import_kw=_kw(found, "import_limit_w"),
        export_kw=_kw(found, "export_limit_w"),
        until_s=_until_s(found.get("until")),
    )


def contact_state(payload: bytes, path: str | None) -> str:
    """The word that a contact's message says; true and false are words, too.

    Raises: NoSignal.
    """
    if path is None:
        return payload[:WORD_BYTES_MAX].decode("utf-8", "replace").strip()
    whole = document(payload, "contact")
    said = whole if isinstance(whole, Flag) else at_path(whole, path)
    if isinstance(said, Flag) or is_missing(said) or not isinstance(said, str | bool | int):
        raise NoSignal(f"{shown(payload)} says nothing at {path!r}: correct grid_limit.path")
    return str(said).lower() if isinstance(said, bool) else str(said)


def _kw(found: dict[str, Any], key: str) -> float | None:
    value = found.get(key)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= LIMIT_W_MAX:
        raise NoSignal(f"{key} is {str(value)[:40]!r}: a power in watts from 0 on, or null for no limit")
    return float(value) / 1000.0


def _until_s(value: object) -> int | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return parse_utc(value)
    except (ValueError, OverflowError):
        pass
    raise NoSignal(f"until is {str(value)[:40]!r}: a time such as 2026-11-30T18:00:00Z, or null")
