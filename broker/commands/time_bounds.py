"""`--from` and `--to` of commands: the first slot, and the time before which slots count."""

import re
import sys
from datetime import date

from wire.slots import parse_utc

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def are_bounds(start: str | None, end: str | None) -> bool:
    """Whether both are UTC days or times, the end after the start; what is wrong is told on stderr."""
    wrong = [text for text in (start, end) if text is not None and not _is_moment(text)]
    if wrong:
        print(f"{', '.join(wrong)}: is no UTC time; write 2026-11-01 or 2026-11-01T12:00:00Z", file=sys.stderr)
    elif start is not None and end is not None and start >= end:
        print(f"--to {end}: is not after --from {start}; slots before --to count", file=sys.stderr)
        return False
    return not wrong


def _is_moment(text: str) -> bool:
    try:
        if _DAY.fullmatch(text):
            date.fromisoformat(text)
        else:
            parse_utc(text)
    except ValueError:
        return False
    return True
