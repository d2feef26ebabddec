"""What a regulation profile adds to a settled slot: charges on physical energy, subscriptions, taxes.

    charge = energy_wh x rate / 1000,  tax = base x share,   [nano], each line rounded half even to a whole nano

Energy is what the meter saw. Of what a member drew, local is at most what it bought inside the community in the slot;
energy that the community itself had to buy outside is local for nobody. The same holds for what was fed in, and what
is lost on the way was sold inside.
Complexity: O(members x charges).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from broker.ledger.transfer import LOSSES, MEMBER, OUTSIDE, Transfer, account
from broker.settlement.regulation import WHOLE, Charge, Regulation
from broker.settlement.slot import Position
from wire.messages import SettlementItem
from wire.quantities import largest_remainder, round_half_even
from wire.slots import Slot

CHARGES = (
    SettlementItem.PENALTY,
    SettlementItem.NETWORK_CHARGE,
    SettlementItem.LEVY,
    SettlementItem.FEE,
    SettlementItem.INCENTIVE,
    SettlementItem.TAX,
)


@dataclass(frozen=True, slots=True)
class Metered:
    """What a member's meter saw in a slot, by where it was traded [Wh, none negative]."""

    drawn_local: int
    drawn_outside: int
    fed_in_local: int
    fed_in_outside: int


def metered(positions: Sequence[Position], transfers: Sequence[Transfer]) -> dict[str, Metered]:
    """Every member's energy by direction and place."""
    inside = _inside_wh(transfers)
    bought = {p.meter: min(max(p.metered_wh, 0), max(inside.get(account(p.meter), 0), 0)) for p in positions}
    sold = {p.meter: min(max(-p.metered_wh, 0), max(-inside.get(account(p.meter), 0), 0)) for p in positions}
    from_outside = sum(energy for name, energy in inside.items() if name.startswith(MEMBER) or name == LOSSES)
    bought, sold = _without(bought, from_outside), _without(sold, -from_outside)
    return {
        p.meter: Metered(
            bought[p.meter],
            max(p.metered_wh, 0) - bought[p.meter],
            sold[p.meter],
            max(-p.metered_wh, 0) - sold[p.meter],
        )
        for p in positions
    }


def _inside_wh(transfers: Sequence[Transfer]) -> dict[str, int]:
    energies: dict[str, int] = {}
    for t in transfers:
        if t.item not in CHARGES and OUTSIDE not in (t.payer, t.payee):
            energies[t.payer] = energies.get(t.payer, 0) + t.energy_wh
            energies[t.payee] = energies.get(t.payee, 0) - t.energy_wh
    return energies


def _without(local: dict[str, int], outside_wh: int) -> dict[str, int]:
    """The local energies less what the community itself exchanged with the outside, shared pro rata."""
    if outside_wh <= 0 or not any(local.values()):
        return local
    meters = sorted(local)
    kept = max(sum(local.values()) - outside_wh, 0)
    return dict(zip(meters, largest_remainder(kept, [local[m] for m in meters], meters), strict=True))


def added(
    positions: Sequence[Position],
    transfers: Sequence[Transfer],
    regulation: Regulation,
    slot: Slot,
    subscribers: Sequence[str],
) -> list[Transfer]:
    """What the profile adds to the transfers of a slot, by ascending member; `subscribers` pay the fixed amounts."""
    if regulation == Regulation():
        return []
    energies = metered(positions, transfers)
    posted = regulation.posted(slot)
    own = _by_member(transfers)
    found: list[Transfer] = []
    for meter in sorted({*energies, *subscribers}):
        lines: list[Transfer] = []
        if meter in energies:
            for charge in regulation.charges:
                lines += _charged(meter, charge, energies[meter], regulation, slot)
        if meter in subscribers:
            lines += [
                Transfer(
                    item=s.item,
                    payer=account(meter),
                    payee=s.payee,
                    energy_wh=0,
                    amount_nano=s.amount_nano,
                    price_micro=None,
                    label=s.label,
                )
                for s in posted
            ]
        found += [*lines, *_taxed(meter, [*own.get(account(meter), []), *lines], regulation)]
    return found


def _by_member(transfers: Sequence[Transfer]) -> Mapping[str, list[Transfer]]:
    found: dict[str, list[Transfer]] = {}
    for t in transfers:
        for name in (t.payer, t.payee):
            if name.startswith(MEMBER):
                found.setdefault(name, []).append(t)
    return found


def _charged(meter: str, charge: Charge, energy: Metered, regulation: Regulation, slot: Slot) -> list[Transfer]:
    is_drawn = charge.on.startswith("drawn")
    local_wh = energy.drawn_local if is_drawn else energy.fed_in_local
    outside_wh = energy.drawn_outside if is_drawn else energy.fed_in_outside
    if charge.on.endswith("_local"):
        outside_wh = 0
    elif charge.on.endswith("_outside"):
        local_wh = 0
    at = regulation.local(slot.start_s)
    if not charge.local_reduction:
        parts = [(local_wh + outside_wh, charge.rate(at, is_local=False), charge.label)]
    else:
        reduced = f"{charge.label}, local -{Fraction(charge.local_reduction, 100)} %"
        parts = [
            (outside_wh, charge.rate(at, is_local=False), charge.label),
            (local_wh, charge.rate(at, is_local=True), reduced),
        ]
    return [_line(meter, charge, wh, rate, label) for wh, rate, label in parts if wh and rate]


def _line(meter: str, charge: Charge, energy_wh: int, rate: Fraction, label: str) -> Transfer:
    price = rate / 1000
    return Transfer(
        item=charge.item,
        payer=account(meter),
        payee=charge.payee,
        energy_wh=energy_wh,
        amount_nano=round_half_even(energy_wh * price),
        price_micro=price.numerator if price.denominator == 1 else None,
        label=label,
    )


def _taxed(meter: str, lines: Sequence[Transfer], regulation: Regulation) -> list[Transfer]:
    name = account(meter)
    taxes = []
    for tax in regulation.taxes:
        base = sum(t.amount_nano if t.payer == name else -t.amount_nano for t in lines if _is_taxed(t, name, tax.on))
        if base:
            taxes.append(
                Transfer(
                    item=SettlementItem.TAX,
                    payer=name,
                    payee=tax.payee,
                    energy_wh=0,
                    amount_nano=round_half_even(Fraction(base * tax.share, WHOLE)),
                    price_micro=None,
                    label=tax.label,
                    base_nano=base,
                )
            )
    return taxes


def _is_taxed(t: Transfer, name: str, items: Sequence[SettlementItem]) -> bool:
    """Energy is taxed where it is drawn: what a member is paid for its own supply is not a purchase."""
    if t.item not in items:
        return False
    return t.item in CHARGES or (t.payer == name and t.energy_wh > 0)
