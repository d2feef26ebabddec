"""Holidays from a text file: one ISO date per line; empty lines and what follows a # are passed over."""

from pathlib import Path

from hems.site.finding import CaseError, Finding
from hems.site.holidays import as_day, day_numbers


class HolidayFileError(CaseError):
    """A file of holidays that cannot be used: file, line, what is wrong, what to do."""


def read_holidays(path: Path) -> frozenset[int]:
    """The days of a file as local days since 1970.

    Raises: HolidayFileError naming every line that is no date.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        remedy = "check the name and the permissions"
        raise _error(path, f"cannot be read ({error.strerror or error})", remedy) from None
    except UnicodeDecodeError:
        raise _error(path, "is no text in UTF-8", "write one date per line, such as 2026-12-25") from None
    days, refused = [], []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            days.append(as_day(text))
        except ValueError as error:
            wrong, _, remedy = str(error).partition(": ")
            refused.append(Finding(where=f"line {number}", wrong=wrong, remedy=remedy))
    if refused:
        raise HolidayFileError(str(path), refused)
    if not days:
        raise _error(path, "names no day", "write one date per line, such as 2026-12-25, or leave the option out")
    return day_numbers(days)


def _error(path: Path, wrong: str, remedy: str) -> HolidayFileError:
    return HolidayFileError(str(path), [Finding(where="(whole file)", wrong=wrong, remedy=remedy)])
