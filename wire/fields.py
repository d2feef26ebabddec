"""Field types of the wire messages: strict, bounded, integers only."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from wire.slots import parse_utc

MAX_SAFE_INTEGER = 2**53
_MONEY_DIGITS = 30


def _whole_number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else ""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MONEY_DIGITS or text != str(int(text)):
        raise ValueError("money is a whole number of nano-currency, written as a string")
    return int(text)


def _utc_text(value: str) -> str:
    if not value.endswith("Z"):
        raise ValueError("a time is RFC 3339 in UTC with a Z")
    parse_utc(value)
    return value


Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
Community = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
UtcTime = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
    BeforeValidator(lambda value: _utc_text(value) if isinstance(value, str) else value),
]
EnergyWh = Annotated[int, Field(ge=0, le=10**9)]
EnergyMilliWh = Annotated[int, Field(ge=0, le=10**12)]
SignedEnergyWh = Annotated[int, Field(ge=-(10**9), le=10**9)]
RegisterWh = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
PriceMicro = Annotated[int, Field(ge=-(10**9), le=10**9)]
Sequence = Annotated[int, Field(ge=1, le=2**31 - 1)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Text = Annotated[str, StringConstraints(max_length=200)]
Leaf = Annotated[str, StringConstraints(min_length=2, max_length=600)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
MoneyNano = Annotated[
    int,
    BeforeValidator(_whole_number),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^-?[0-9]{1,30}$"}),
]
