"""One payload and what stands at a path in it. Nothing here raises for anything that a device may send."""

import json
import math
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from hems.metering.foreign.flags import Flag, FlagCode
from hems.metering.foreign.template import Source, Value

PAYLOAD_BYTES_MAX = 65_536
FUTURE_S_MAX = 60
NO_VALUE_WORDS = frozenset({"", "-", "nan", "nil", "none", "null", "unavailable", "unknown"})
_MISSING = object()


class Found(NamedTuple):
    """A finite number in the device's unit, and the payload's own time [s since 1970] where it tells one."""

    number: float
    at_s: float | None
    doubt: Flag | None


def document(payload: bytes, about: str) -> Any | Flag:
    """The JSON of a payload, size checked before it is read; a Flag when it is none."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Flag(
            code=FlagCode.TOO_BIG, about=about, detail=f"{len(payload)} bytes, allowed are {PAYLOAD_BYTES_MAX}"
        )
    try:
        return json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Flag(code=FlagCode.NOT_JSON, about=about, detail=f"no JSON: {shown(payload)}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def shown(payload: bytes) -> str:
    """The beginning of a payload for messages, printable."""
    return repr(payload[:40].decode("utf-8", "replace")) + ("..." if len(payload) > 40 else "")


def found(value: Value, source: Source, payload: bytes, now_s: float) -> Found | Flag | None:
    """What a payload says about a value; None when a partial message leaves it out."""
    about = value.quantity
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Flag(
            code=FlagCode.TOO_BIG, about=about, detail=f"{len(payload)} bytes, allowed are {PAYLOAD_BYTES_MAX}"
        )
    if not source.path:
        number = _number_of_text(value, payload.decode("utf-8", "replace").strip())
        return number if isinstance(number, Flag) else Found(number, None, None)
    whole = document(payload, about)
    if isinstance(whole, Flag):
        return whole
    raw = at_path(whole, source.path)
    if raw is _MISSING:
        missing = Flag(code=FlagCode.MISSING, about=about, detail=f"nothing at {source.path!r}")
        return None if source.partial else missing
    number = _number(value, raw)
    if isinstance(number, Flag):
        return number
    return Found(number, *_time(source, whole, about, now_s))


def at_path(whole: Any, path: str) -> Any:
    """What stands at a path of keys and list positions; `_MISSING` when there is nothing."""
    here = whole
    for key in path.split("."):
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isascii() and key.isdigit() and int(key[:4]) < len(here):
            here = here[int(key[:4])]
        else:
            return _MISSING
    return here


def is_missing(raw: Any) -> bool:
    """Whether `at_path` found nothing."""
    return raw is _MISSING


def _number(value: Value, raw: Any) -> float | Flag:
    about = value.quantity
    if isinstance(raw, list):
        return _of_list(value, raw)
    if value.words is not None:
        return _of_words(value, raw if isinstance(raw, str) else json.dumps(raw)[:40])
    if raw is None:
        return Flag(code=FlagCode.NO_VALUE, about=about, detail="null")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        kind = f"{type(raw).__name__} where a number belongs"
        return Flag(code=FlagCode.WRONG_TYPE, about=about, detail=kind)
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        return Flag(code=FlagCode.NOT_FINITE, about=about, detail="the number is not finite")
    return number


def _of_list(value: Value, raw: list[Any]) -> float | Flag:
    about = value.quantity
    if value.channel is not None:
        if value.channel >= len(raw) or isinstance(raw[value.channel], list):
            return Flag(code=FlagCode.ARRAY, about=about, detail=f"no channel {value.channel} among {len(raw)}")
        return _number(value, raw[value.channel])
    if value.array != "sum" or not raw or any(isinstance(item, list) for item in raw):
        return Flag(code=FlagCode.ARRAY, about=about, detail=f"a list of {len(raw)} where one number belongs")
    total = 0.0
    for item in raw:
        number = _number(value, item)
        if isinstance(number, Flag):
            return number
        total += number
    if not math.isfinite(total):
        return Flag(code=FlagCode.NOT_FINITE, about=about, detail="the sum is not finite")
    return total


def _of_words(value: Value, word: str) -> float | Flag:
    words = value.words or {}
    if word in words:
        return words[word]
    return Flag(code=FlagCode.WRONG_TYPE, about=value.quantity, detail=f"{word[:40]!r}, known: {', '.join(words)}")


def _number_of_text(value: Value, text: str) -> float | Flag:
    if value.words is not None:
        return _of_words(value, text)
    about = value.quantity
    if text.lower() in NO_VALUE_WORDS:
        return Flag(code=FlagCode.NO_VALUE, about=about, detail=repr(text))
    try:
        if not text.isascii() or "_" in text:  # float() would read 1_000 and digits of other scripts
            raise ValueError(text)
        number = float(text)
    except ValueError:
        return Flag(code=FlagCode.WRONG_TYPE, about=about, detail=f"{text[:40]!r} where a number belongs")
    if not math.isfinite(number):
        return Flag(code=FlagCode.NOT_FINITE, about=about, detail=f"{text[:40]!r} is no finite number")
    return number


def _time(source: Source, whole: Any, about: str, now_s: float) -> tuple[float | None, Flag | None]:
    """(the payload's own time, or None; the doubt about it, or None)."""
    if source.time_path is None:
        return None, None
    raw = at_path(whole, source.time_path)
    if raw is _MISSING:
        return None, None
    at_s = _moment(source, raw)
    if isinstance(at_s, FlagCode):
        return None, Flag(code=at_s, about=about, detail=f"time {str(raw)[:40]!r}")
    if at_s > now_s + FUTURE_S_MAX:
        return None, Flag(code=FlagCode.TIME_IN_FUTURE, about=about, detail=f"{at_s - now_s:.0f} s ahead")
    return min(at_s, now_s), None


def _moment(source: Source, raw: Any) -> float | FlagCode:
    if source.time_kind == "utc":
        if not isinstance(raw, str) or len(raw) > 40:
            return FlagCode.NOT_A_TIME
        try:
            moment = datetime.fromisoformat(raw)
            return FlagCode.TIME_WITHOUT_ZONE if moment.tzinfo is None else moment.timestamp()
        except (ValueError, OverflowError):
            return FlagCode.NOT_A_TIME
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw < 1e14:
        return FlagCode.NOT_A_TIME
    return float(raw) / (1000.0 if source.time_kind == "unix_ms" else 1.0)
