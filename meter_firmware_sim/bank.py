"""A register bank: the map of a meter or device as it answers requests, with its faults switched on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from meter_firmware_sim.faults import FAULTS, FaultKind, parameter_problem
from wire.registers import walk
from wire.registers.chain import body
from wire.registers.device import DEVICE_MODELS
from wire.registers.points import Model, encode_model
from wire.registers.sunspec import METER_FLOAT, METER_INT
from wire.registers.transactive import TRANSACTIVE
from wire.registers.words import Value, from_words

ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
BASE_ADDRESS = 40000
_MEASURING: dict[int, Model] = {
    table.id: table for table in (METER_INT, METER_FLOAT, TRANSACTIVE, *DEVICE_MODELS.values())
}
_IDENTITY = ("Ver", "SlotLen", "Clk", "SN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The request is answered with a Modbus exception."""

    code: int


@dataclass(frozen=True, slots=True)
class Silent:
    """The request is not answered."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The write was taken."""


class Source(Protocol):
    """What stands behind a bank: a meter or a device."""

    @property
    def answering(self) -> bool:
        """Whether it has power."""
        ...

    def words(self) -> list[int]:
        """The present map, first word at the base address."""
        ...

    def write(self, offset: int, values: Sequence[int]) -> Accepted | Refused:
        """Take a write to the words from `offset` on, or refuse it with nothing changed."""
        ...

    def apply(self, kind: FaultKind, on: bool, parameter: int) -> bool:
        """Switch a fault that acts on the device itself; False when it has no such fault."""
        ...


class RegisterBank:
    """Answers reads and writes by absolute address; faults change what is answered."""

    def __init__(self, source: Source, base: int = BASE_ADDRESS) -> None:
        """Bank of this source at this base address."""
        self.source = source
        self.base = base
        self.active: dict[FaultKind, int] = {}
        self._frozen: list[int] | None = None

    @property
    def size(self) -> int:
        """Registers of the map; it does not change while the device runs."""
        return len(self.source.words())

    @property
    def silent(self) -> bool:
        """Whether requests stay without an answer now."""
        return FaultKind.TIMEOUT in self.active or not self.source.answering

    @property
    def missing_words(self) -> int:
        """Words by which an answer is too short now."""
        return self.active.get(FaultKind.MISSING_WORDS, 0)

    def switch(self, kind: FaultKind, on: bool = True, parameter: int | None = None) -> None:
        """Switch a fault on or off; without `parameter` its default of the table holds.

        Raises ValueError for a parameter that makes no sense or a fault this device cannot have.
        """
        value = FAULTS[kind].default if parameter is None else parameter
        if on and (problem := parameter_problem(kind, value)) is not None:
            raise ValueError(problem)
        if not self.source.apply(kind, on, value) and FAULTS[kind].meter_only:
            raise ValueError(f"fault {kind.value} exists for meters only")
        if kind is FaultKind.STUCK:
            self._frozen = self.source.words() if on else None
        if on and not FAULTS[kind].momentary:
            self.active[kind] = value
        else:
            self.active.pop(kind, None)

    def words(self) -> list[int]:
        """The map as a client sees it now."""
        words = self.source.words()
        if self._frozen is not None:
            words = _with_running_clock(self._frozen, words)
        return not_implemented(words) if FaultKind.NAN in self.active else words

    def read(self, address: int, count: int) -> list[int] | Refused | Silent:
        """Words from `address` on."""
        if (obstacle := self._obstacle()) is not None:
            return obstacle
        words, at = self.words(), address - self.base
        if at < 0 or at + count > len(words):
            return Refused(code=ILLEGAL_ADDRESS)
        return words[at : at + count]

    def write(self, address: int, values: Sequence[int]) -> Accepted | Refused | Silent:
        """Take a write, or refuse it with nothing changed."""
        return self._obstacle() or self.source.write(address - self.base, values)

    def _obstacle(self) -> Refused | Silent | None:
        if self.silent:
            return Silent()
        code = self.active.get(FaultKind.EXCEPTION)
        return None if code is None else Refused(code=code)


def not_implemented(words: Sequence[int]) -> list[int]:
    """The map with every measured point reading as not implemented; identity and clock stay."""
    layout, result = walk(words), list(words)
    for span in layout.models:
        if (table := _MEASURING.get(span.id)) is not None:
            model_words = body(words, layout, span)
            kept = {p.name: _value(table, p.name, model_words) for p in table.points if p.name in _IDENTITY}
            start = span.address - layout.base
            result[start : start + span.words] = encode_model(table, kept)
    return result


def _with_running_clock(frozen: Sequence[int], present: Sequence[int]) -> list[int]:
    layout, result = walk(present), list(frozen)
    for span in layout.models:
        table = _MEASURING.get(span.id)
        clock = next((p for p in table.points if p.name == "Clk"), None) if table else None
        if clock is not None:
            at = span.address - layout.base + clock.offset
            result[at : at + clock.size] = present[at : at + clock.size]
    return result


def _value(table: Model, name: str, words: Sequence[int]) -> Value:
    point = table.point(name)
    return from_words(point.kind, words[point.offset : point.offset + point.size])
