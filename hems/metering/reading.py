"""Readings of the site meter, and the energy between two of them."""

from dataclasses import dataclass

from wire.registers.reading import NO_PHASES, EnergySource, Phases, Reading, ReadingQuality
from wire.registers.transactive import MeterFlags

__all__ = [
    "NO_PHASES",
    "EnergyBetween",
    "EnergySource",
    "MeterFlags",
    "NoEnergy",
    "Phases",
    "Reading",
    "ReadingQuality",
    "energy_between",
    "register_difference_wh",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyBetween:
    """Energy [Wh] from and to the grid between two readings; neither is negative."""

    import_wh: int
    export_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEnergy:
    """Why no energy can be told from two readings; nothing is guessed instead."""

    reason: str


def energy_between(earlier: Reading, later: Reading) -> EnergyBetween | NoEnergy:
    """Energy between two readings of one meter as register differences, roll-over included.

    Differences telescope: over a chain of readings they sum to last register less first.
    """
    if later.source is not earlier.source:
        return NoEnergy(
            reason=f"registers changed from {earlier.source} to {later.source}: start a new chain of readings"
        )
    if ReadingQuality.DISPLAY_ONLY in {earlier.quality, later.quality}:
        return NoEnergy(reason="model 213 loses whole Wh: settle on model 203 or the transactive block")
    differences: list[int] = []
    for before, after in ((earlier.import_wh, later.import_wh), (earlier.export_wh, later.export_wh)):
        if before is None or after is None:
            return NoEnergy(reason="the meter did not tell an energy register")
        difference = register_difference_wh(before, after, later.modulus_wh)
        if difference is None:
            return NoEnergy(reason=f"an energy register fell from {before} to {after} Wh: check the meter")
        differences.append(difference)
    return EnergyBetween(import_wh=differences[0], export_wh=differences[1])


def register_difference_wh(before_wh: int, after_wh: int, modulus_wh: int | None) -> int | None:
    """`after_wh` less `before_wh` of a register that rolls over to 0 at `modulus_wh`.

    None when the register fell in a way that no roll-over explains: a difference of half the range
    or more is far more energy than a site can move between two readings.
    """
    if modulus_wh is None:
        return after_wh - before_wh if after_wh >= before_wh else None
    difference = (after_wh - before_wh) % modulus_wh
    return difference if difference < modulus_wh // 2 else None
