"""What a member pays and receives over a period, line by line, rounded once at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from wire.messages import Settlement
from wire.quantities import NANO_PER_UNIT

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One settled amount: energy [Wh, + bought], price [micro/kWh], amount [nano, + paid by the member]."""

    slot: str
    quality: str
    item: str
    energy_wh: int
    price_micro_per_kwh: int | None
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All lines of a member; `total_nano` is their exact sum, `payable` that sum in currency, rounded to cents."""

    meter: str
    slots: int
    lines: tuple[StatementLine, ...]
    total_nano: int
    payable: Decimal
    bought_wh: int
    sold_wh: int
    metered_wh: int


def statement(meter: str, settlements: Sequence[Settlement]) -> Statement:
    """The statement over some settlements of one meter, by ascending slot; ties of the rounding go to even."""
    ordered = sorted((s for s in settlements if s.meter == meter), key=lambda s: s.slot)
    lines = tuple(
        StatementLine(
            slot=s.slot,
            quality=s.quality,
            item=line.item,
            energy_wh=line.energy_wh,
            price_micro_per_kwh=line.price_micro_per_kwh,
            amount_nano=line.amount_nano,
        )
        for s in ordered
        for line in s.lines
    )
    total_nano = sum(line.amount_nano for line in lines)
    return Statement(
        meter=meter,
        slots=len(ordered),
        lines=lines,
        total_nano=total_nano,
        payable=(Decimal(total_nano) / NANO_PER_UNIT).quantize(CENT, ROUND_HALF_EVEN),
        bought_wh=sum(max(s.award_wh, 0) for s in ordered),
        sold_wh=sum(max(-s.award_wh, 0) for s in ordered),
        metered_wh=sum(s.metered_wh for s in ordered),
    )
