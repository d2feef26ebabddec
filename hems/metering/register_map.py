"""A register map of a Modbus meter as data, and the reading in its words; nothing is guessed."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hems.metering.foreign.template import Strict
from hems.metering.foreign.units import Unit, factor, units_of
from hems.metering.reading import EnergySource, Reading, ReadingQuality

PointType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32"]
_WORDS: dict[str, int] = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "int64": 4, "uint64": 4, "float32": 2}
Measurand = Literal[
    "power_w", "import_wh", "export_wh", "voltage_l1_v", "voltage_l2_v", "voltage_l3_v", "frequency_hz"
]


class MapPoint(Strict):
    """One value: wire address from 0, type, `scale` (number x scale is in `unit`), and what stands for "none"."""

    quantity: Measurand
    address: Annotated[int, Field(ge=0, le=0xFFFF)]
    type: PointType
    scale: float = 1.0
    unit: Unit
    sign: Literal[1, -1] = 1
    absent: int | None = None
    source: Annotated[str, Field(min_length=5)]

    @model_validator(mode="after")
    def _has_unit(self) -> "MapPoint":
        if factor(self.quantity, self.unit) is None:
            raise ValueError(f"{self.quantity} is not measured in {self.unit!r}: use {units_of(self.quantity)}")
        return self

    @property
    def words(self) -> int:
        """Registers that it takes."""
        return _WORDS[self.type]


class RegisterMap(Strict):
    """A meter's points. `word_order`: which half of a value comes first; `registers`: read by function 3 or 4."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: str
    source: Annotated[str, Field(min_length=10)]
    registers: Literal["holding", "input"]
    word_order: Literal["high_first", "low_first"]
    counter_wh_max: Annotated[int, Field(ge=1)] | None = None
    note: str = ""
    point: tuple[MapPoint, ...] = Field(min_length=3, strict=False)

    @model_validator(mode="after")
    def _can_settle(self) -> "RegisterMap":
        have = [point.quantity for point in self.point]
        missing = {"power_w", "import_wh", "export_wh"} - set(have)
        if missing or len(set(have)) != len(have):
            raise ValueError(
                f"each quantity once, among them power_w, import_wh, export_wh; missing: {sorted(missing)}"
            )
        return self

    def spans(self, most: int = 100) -> list[tuple[int, int]]:
        """(first address, count) of the requests that read every point, neighbours together."""
        spans: list[tuple[int, int]] = []
        for point in sorted(self.point, key=lambda p: p.address):
            end = point.address + point.words
            if spans and point.address - sum(spans[-1]) <= 8 and end - spans[-1][0] <= most:
                spans[-1] = (spans[-1][0], max(end, sum(spans[-1])) - spans[-1][0])
            else:
                spans.append((point.address, point.words))
        return spans


def number_of(point: MapPoint, words: Sequence[int], word_order: str) -> float | None:
    """The scaled number of a point in its unit; None when it is absent or not finite."""
    ordered = list(words) if word_order == "high_first" else list(reversed(words))
    raw = struct.pack(f">{len(ordered)}H", *ordered)
    if point.type == "float32":
        number: float = struct.unpack(">f", raw)[0]
        return number * point.scale if math.isfinite(number) else None
    whole = int.from_bytes(raw, "big", signed=point.type.startswith("int"))
    return None if whole == point.absent else whole * point.scale


def reading_of(table: RegisterMap, words: Mapping[int, int], now_s: int, *, power_sign: int = 1) -> Reading:
    """The reading in the words of a map, by address."""
    values: dict[str, float | None] = {}
    for point in table.point:
        part = [words[address] for address in range(point.address, point.address + point.words)]
        number = number_of(point, part, table.word_order)
        scale = factor(point.quantity, point.unit)
        assert scale is not None
        values[point.quantity] = None if number is None else number * scale * point.sign
    power, energies = values["power_w"], [_energy(values[name]) for name in ("import_wh", "export_wh")]
    is_whole = power is not None and None not in energies
    return Reading(
        at_epoch_s=now_s,
        power_w=None if power is None else round(power) * power_sign,
        import_wh=energies[0],
        export_wh=energies[1],
        voltage_v=(values.get("voltage_l1_v"), values.get("voltage_l2_v"), values.get("voltage_l3_v")),
        frequency_hz=values.get("frequency_hz"),
        quality=ReadingQuality.GOOD if is_whole else ReadingQuality.INVALID,
        source=EnergySource.REGISTER_MAP,
        modulus_wh=table.counter_wh_max,
    )


def _energy(wh: float | None) -> int | None:
    return None if wh is None or wh < 0 else round(wh)
