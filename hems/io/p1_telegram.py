"""The telegram of a smart meter's P1 port as power and registers; parsing is dsmr-parser's.

Source: DSMR 5.0.2, P1 companion standard (OBIS 1-0:1.8.1/2 import, 2.8.1/2 export [kWh], 1.7.0/2.7.0
power [kW], CRC16).
"""

import importlib
import logging
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

SPECIFICATIONS = {
    "v2": "V2_2",
    "v3": "V3",
    "v4": "V4",
    "v5": "V5",
    "belgium": "BELGIUM_FLUVIUS",
    "sweden": "SWEDEN",
}
TELEGRAM_BYTES_MAX = 8_192
LARGEST, VOLTS_MAX = 10**12, 1_000  # what a register [kWh] or a power [kW] can show, and far above any mains
END = re.compile(rb"![0-9A-Fa-f]{0,4}\r?\n")
logging.getLogger("dsmr_parser").setLevel(logging.CRITICAL)  # what it cannot parse is told once, by the meter
_IMPORTS = ("ELECTRICITY_USED_TARIFF_1", "ELECTRICITY_USED_TARIFF_2")
_EXPORTS = ("ELECTRICITY_DELIVERED_TARIFF_1", "ELECTRICITY_DELIVERED_TARIFF_2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """What a telegram says: power [W, + from the grid] and the registers [Wh], None where a field is missing."""

    power_w: int | None
    import_wh: int | None
    export_wh: int | None
    voltage_v: tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class BadTelegram:
    """Why a telegram is not used."""

    reason: str


@cache
def _parser(version: str) -> Any:
    parsers = importlib.import_module("dsmr_parser.parsers")
    specifications = importlib.import_module("dsmr_parser.telegram_specifications")
    return parsers.TelegramParser(getattr(specifications, SPECIFICATIONS[version]))


def telegram_of(data: bytes, version: str) -> Telegram | BadTelegram:
    """The telegram in bytes from `/` to the line of `!`; its checksum is checked from version 4 on."""
    try:
        parsed = _parser(version).parse(data.decode("ascii"), throw_ex=True)
    except UnicodeDecodeError:
        return BadTelegram("bytes that are no text: check baud rate and cable")
    except Exception as error:  # whatever the library raises for bytes from a cable, the next telegram may be whole
        return BadTelegram(f"{type(error).__name__}: {str(error)[:80]}")
    powers = [_scaled(parsed, name, "kW") for name in ("CURRENT_ELECTRICITY_USAGE", "CURRENT_ELECTRICITY_DELIVERY")]
    volts = [_volts(parsed, f"INSTANTANEOUS_VOLTAGE_L{phase}") for phase in (1, 2, 3)]
    return Telegram(
        power_w=None if powers[0] is None else powers[0] - (powers[1] or 0),
        import_wh=_summed(parsed, _IMPORTS),
        export_wh=_summed(parsed, _EXPORTS),
        voltage_v=(volts[0], volts[1], volts[2]),
    )


def _summed(parsed: Any, names: tuple[str, ...]) -> int | None:
    """The sum of the tariffs' registers; Swedish meters have one register for all."""
    total_names = {"ELECTRICITY_USED_TARIFF_1": "ELECTRICITY_IMPORTED_TOTAL"}
    found = [_scaled(parsed, name, "kWh") for name in names]
    known = [wh for wh in found if wh is not None]
    if known:
        return sum(known)
    single = total_names.get(names[0], "ELECTRICITY_EXPORTED_TOTAL")
    return _scaled(parsed, single, "kWh")


def _scaled(parsed: Any, name: str, unit: str) -> int | None:
    """A field in thousandths of its unit (W, Wh), None when it is missing or in another unit."""
    found = getattr(parsed, name, None)
    value = getattr(found, "value", None)
    told = getattr(found, "unit", None)
    number = _within(value, LARGEST)
    if number is None or told not in (unit, unit.removeprefix("k")):
        return None
    return round(number * (1000 if told == unit else 1))


def _volts(parsed: Any, name: str) -> float | None:
    number = _within(getattr(getattr(parsed, name, None), "value", None), VOLTS_MAX)
    return None if number is None else float(number)


def _within(value: object, largest: int) -> Decimal | None:
    """A number of 0 to `largest`, else None: without a checksum a bit of noise can make `NaN` or `1E9`."""
    if not isinstance(value, Decimal | float | int):
        return None
    number = Decimal(value)
    return number if number.is_finite() and 0 <= number <= largest else None


def next_telegram(buffer: bytes) -> tuple[bytes | None, bytes]:
    """(the first whole telegram in a buffer, what is left); noise before `/` and overlong telegrams are dropped."""
    start = buffer.find(b"/")
    if start < 0:
        return None, b""
    end = END.search(buffer, start)
    if end is None:
        rest = buffer[start:]
        return None, rest if len(rest) <= TELEGRAM_BYTES_MAX else b""
    whole = buffer[start : end.end()]
    last = whole.rfind(b"\n/")  # a telegram that broke off before this one began
    return whole[last + 1 :] if last >= 0 else whole, buffer[end.end() :]
