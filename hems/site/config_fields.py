"""What the tables of a home's configuration are built from: field types, checks between fields, the strict table."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

ID_PATTERN = r"^[a-z0-9_-]{1,64}$"


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the file system may refuse a name, for instance a long one
        raise ValueError(f"no time zone {name!r}: use a name such as Europe/Berlin") from None
    return name


def known_id(name: str) -> str:
    """The name of a meter, a device or a community. Raises: ValueError for another text."""
    if re.fullmatch(ID_PATTERN, name) is None:
        raise ValueError(f"{name!r}: use a-z, 0-9, _ and -, at most 64 of them")
    return name


def whole(value: object) -> object:
    """The value itself. Of the whole numbers that are listed as allowed, true would otherwise count as 1."""
    if type(value) is not int:
        raise ValueError("give a whole number")
    return value


def whole_or_none(value: object) -> object:
    """As `whole`, for a key that may be left out."""
    return None if value is None else whole(value)


def at_most(other: str) -> AfterValidator:
    """Refuses a value above that of a field that stands before it; one that is wrong itself is not compared with."""

    def check(value: float | None, info: ValidationInfo) -> float | None:
        limit = info.data.get(other)
        if value is not None and limit is not None and value > limit:
            raise ValueError(f"{value:g} is above {other} {limit:g}: lower it, or raise {other}")
        return value

    return AfterValidator(check)


def at_least(other: str) -> AfterValidator:
    """Refuses a value below that of a field that stands before it; one that is wrong itself is not compared with."""

    def check(value: float | None, info: ValidationInfo) -> float | None:
        limit = info.data.get(other)
        if value is not None and limit is not None and value < limit:
            raise ValueError(f"{value:g} is below {other} {limit:g}: raise it, or lower {other}")
        return value

    return AfterValidator(check)


def above(other: str) -> AfterValidator:
    """Refuses a value that is not above that of a field that stands before it."""

    def check(value: float, info: ValidationInfo) -> float:
        limit = info.data.get(other)
        if limit is not None and value <= limit:
            raise ValueError(f"{value:g} is not above {other} {limit:g}: raise it, or lower {other}")
        return value

    return AfterValidator(check)


def hours_between(from_hour: float, to_hour: float) -> float:
    """The hours from one local hour of the day to another, which may lie after midnight."""
    return to_hour - from_hour if from_hour <= to_hour else 24.0 - from_hour + to_hour


def after_from_hour(to_hour: float, info: ValidationInfo) -> float:
    from_hour = info.data.get("from_hour")
    if from_hour is not None and hours_between(from_hour, to_hour) == 0:
        raise ValueError(f"a period from {from_hour:g} to {to_hour:g} never holds: use 0 and 24 for the whole day")
    return to_hour


Id = Annotated[str, Field(pattern=ID_PATTERN)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]
Hour = Annotated[float, Field(ge=0, le=24)]
ToHour = Annotated[Hour, AfterValidator(after_from_hour)]
Port = Annotated[int, Field(ge=1, le=65535)]
FilePath = Annotated[Path, Field(strict=False)]


class Table(BaseModel):
    """Checks between fields belong to the later field: there they are found beside the mistakes of other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True, validate_default=True)
