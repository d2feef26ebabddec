"""When an override ends, as people write it: 18:00, tomorrow, 90m, 2h, or a moment with its zone."""

import re
from datetime import datetime

from hems.control.household.merging import next_time_s
from hems.control.household.options import TIME_OF_DAY
from hems.site.finding import Finding

_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,2})?)(m|h|d)")
_UNIT_S = {"m": 60, "h": 3600, "d": 86_400}


def end_s(text: str, now_s: int, timezone: str) -> int | Finding:
    """The moment [s since 1970] that a text means; local times are those of the home, the next one that comes."""
    word = text.strip().lower()
    if TIME_OF_DAY.fullmatch(word):
        return next_time_s(word, now_s, timezone)
    if word == "tomorrow":
        return next_time_s("00:00", now_s, timezone)
    if length := _LENGTH.fullmatch(word):
        return now_s + round(float(length.group(1)) * _UNIT_S[length.group(2)])
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return int(moment.timestamp())
    remedy = "write 18:00, tomorrow, 90m, 2h, or a moment with its zone such as 2027-01-15T18:00+01:00"
    return Finding(where="end", wrong=f"{text[:40]!r} is no end", remedy=remedy)
