"""What a member pays and receives over a period, line by line and in sums, rounded once at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from wire.messages import Settlement, SettlementItem
from wire.quantities import NANO_PER_UNIT

CENT = Decimal("0.01")
PLACES = {item.value: place for place, item in enumerate(SettlementItem)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One settled amount: energy [Wh, + bought], price [micro/kWh], amount [nano, + paid by the member].

    `of` and `label` as in a settlement line; `log_index` is where the log commits to its settlement.
    """

    slot: str
    quality: str
    item: str
    energy_wh: int
    price_micro_per_kwh: int | None
    amount_nano: int
    of: str | None
    label: str | None
    base_nano: int | None
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSum:
    """The lines of one item and label together; corrections are sums of their own, by what they correct.

    Energy is kept apart by direction [Wh, none negative].
    """

    item: str
    of: str | None
    label: str | None
    lines: int
    drawn_wh: int
    delivered_wh: int
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSum:
    """One tax in percent, corrections included: what it is taken of and what it comes to [nano]."""

    label: str
    base_nano: int
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSum:
    """What the rules noted in the newest settlements of some slots: the text, how many slots, and the first one."""

    note: str
    slots: int
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """One UTC day: energies [Wh, none negative] and what it cost [nano, + paid]."""

    day: str
    drawn_wh: int
    fed_in_wh: int
    bought_wh: int
    sold_wh: int
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All lines of a member; `total_nano` is their exact sum, `payable` that sum in currency, rounded to cents.

    Energies are those of the newest settlement of each slot. `estimated` names the slots whose energy still is one,
    `corrected` those that were settled more than once.
    """

    meter: str
    slots: int
    lines: tuple[StatementLine, ...]
    items: tuple[ItemSum, ...]
    taxes: tuple[TaxSum, ...]
    notes: tuple[NoteSum, ...]
    days: tuple[DaySum, ...]
    estimated: tuple[str, ...]
    corrected: tuple[str, ...]
    total_nano: int
    payable: Decimal
    bought_wh: int
    sold_wh: int
    metered_wh: int
    drawn_wh: int
    fed_in_wh: int


def statement(meter: str, settlements: Sequence[Settlement]) -> Statement:
    """The statement over some settlements of one meter, by ascending slot; ties of the rounding go to even."""
    ordered = sorted((s for s in settlements if s.meter == meter), key=lambda s: (s.slot, s.log_index))
    newest = list({s.slot: s for s in ordered}.values())
    lines = tuple(line for s in ordered for line in _lines(s))
    total_nano = sum(line.amount_nano for line in lines)
    return Statement(
        meter=meter,
        slots=len(newest),
        lines=lines,
        items=_items(lines),
        taxes=_taxes(lines),
        notes=_notes(newest),
        days=_days(newest, lines),
        estimated=tuple(s.slot for s in newest if s.quality == "estimated"),
        corrected=tuple(s.slot for s in newest if s.corrects is not None),
        total_nano=total_nano,
        payable=(Decimal(total_nano) / NANO_PER_UNIT).quantize(CENT, ROUND_HALF_EVEN),
        bought_wh=sum(max(s.award_wh, 0) for s in newest),
        sold_wh=sum(max(-s.award_wh, 0) for s in newest),
        metered_wh=sum(s.metered_wh for s in newest),
        drawn_wh=sum(max(s.metered_wh, 0) for s in newest),
        fed_in_wh=sum(max(-s.metered_wh, 0) for s in newest),
    )


def _lines(s: Settlement) -> list[StatementLine]:
    return [
        StatementLine(
            slot=s.slot,
            quality=s.quality,
            item=line.item,
            energy_wh=line.energy_wh,
            price_micro_per_kwh=line.price_micro_per_kwh,
            amount_nano=line.amount_nano,
            of=line.of,
            label=line.label,
            base_nano=line.base_nano,
            log_index=s.log_index,
        )
        for line in s.lines
    ]


def _items(lines: Sequence[StatementLine]) -> tuple[ItemSum, ...]:
    groups: dict[tuple[str, str | None, str | None], list[StatementLine]] = {}
    for line in lines:
        groups.setdefault((line.item, line.of, line.label), []).append(line)

    def place(key: tuple[str, str | None, str | None]) -> tuple[int, int, str]:
        item, of, label = key
        return PLACES[item], PLACES[of or item], label or ""

    return tuple(
        ItemSum(
            item=key[0],
            of=key[1],
            label=key[2],
            lines=len(groups[key]),
            drawn_wh=sum(max(line.energy_wh, 0) for line in groups[key]),
            delivered_wh=sum(max(-line.energy_wh, 0) for line in groups[key]),
            amount_nano=sum(line.amount_nano for line in groups[key]),
        )
        for key in sorted(groups, key=place)
    )


def _taxes(lines: Sequence[StatementLine]) -> tuple[TaxSum, ...]:
    sums: dict[str, tuple[int, int]] = {}
    for line in lines:
        if line.base_nano is not None:
            base, amount = sums.get(line.label or "", (0, 0))
            sums[line.label or ""] = (base + line.base_nano, amount + line.amount_nano)
    return tuple(TaxSum(label=label, base_nano=sums[label][0], amount_nano=sums[label][1]) for label in sorted(sums))


def _notes(newest: Sequence[Settlement]) -> tuple[NoteSum, ...]:
    slots: dict[str, list[str]] = {}
    for s in newest:
        if s.note is not None:
            slots.setdefault(s.note, []).append(s.slot)
    return tuple(NoteSum(note=note, slots=len(own), first=own[0]) for note, own in slots.items())


def _days(newest: Sequence[Settlement], lines: Sequence[StatementLine]) -> tuple[DaySum, ...]:
    amounts: dict[str, int] = {}
    for line in lines:
        amounts[line.slot[:10]] = amounts.get(line.slot[:10], 0) + line.amount_nano
    found = []
    for day in sorted({s.slot[:10] for s in newest}):
        of_day = [s for s in newest if s.slot.startswith(day)]
        found.append(
            DaySum(
                day=day,
                drawn_wh=sum(max(s.metered_wh, 0) for s in of_day),
                fed_in_wh=sum(max(-s.metered_wh, 0) for s in of_day),
                bought_wh=sum(max(s.award_wh, 0) for s in of_day),
                sold_wh=sum(max(-s.award_wh, 0) for s in of_day),
                amount_nano=amounts.get(day, 0),
            )
        )
    return tuple(found)
