"""The accounts of a shared storage: what each member has in it, in whole Wh that always sum to what is in it.

In a slot members ask to charge or discharge energy (AC side). What one charges and another discharges at the same
time passes from account to account without flowing. Only the difference flows, with the losses of the storage, and
only up to its power; the side that is too large is cut pro rata. Losses are shared pro rata to what flowed for each,
standing losses pro rata to the charge, all by largest remainder, so `sum of accounts = charge of the storage` holds
exactly.

A member charges at most what its share has free, counted on the AC side, and discharges at most what its charge
yields after losses; so no account leaves `0 .. share`. Complexity: O(n log n).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from broker.contracts.pro_rata import pro_rata_within
from wire.quantities import largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage: limits per slot [Wh on the AC side], efficiencies (0..1], standing loss per slot (0..1)."""

    charge_max: int
    discharge_max: int
    charge_efficiency: Fraction = Fraction(1)
    discharge_efficiency: Fraction = Fraction(1)
    standing_loss: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """A slot of operation: new `levels` [Wh], what was `granted` [Wh AC, + charged], `losses` [Wh] of each member.

    `flow` [Wh AC, + into the storage] is what the storage is to do; sum of levels = its new charge.
    """

    levels: Mapping[str, int]
    granted: Mapping[str, int]
    losses: Mapping[str, int]
    flow: int


def operate(
    storage: Storage, shares: Mapping[str, int], levels: Mapping[str, int], requests: Mapping[str, int]
) -> Operated:
    """One slot; `shares` and `levels` [Wh] by member, `requests` [Wh AC, + charge]; members without a share wait."""
    standing = _standing(storage, levels)
    held = {name: levels.get(name, 0) - standing.get(name, 0) for name in sorted({*shares, *levels})}
    charge = {n: min(max(requests.get(n, 0), 0), max(0, shares.get(n, 0) - held[n])) for n in held}
    discharge = {
        n: min(max(-requests.get(n, 0), 0), max(0, floor(held[n] * storage.discharge_efficiency))) for n in held
    }
    matched = min(sum(charge.values()), sum(discharge.values()))
    charge = _cut(charge, matched + storage.charge_max)
    discharge = _cut(discharge, matched + storage.discharge_max)
    flow = sum(charge.values()) - sum(discharge.values())
    side = charge if flow > 0 else discharge
    room = {n: held[n] + charge[n] - discharge[n] for n in held}
    lost = pro_rata_within(_conversion_loss(storage, flow), side, room)
    losses = {name: standing.get(name, 0) + lost.get(name, 0) for name in held}
    granted = {name: charge[name] - discharge[name] for name in held}
    after = {name: levels.get(name, 0) + granted[name] - losses[name] for name in held}
    return Operated(levels=after, granted=granted, losses=losses, flow=flow)


def reconciled(shares: Mapping[str, int], levels: Mapping[str, int], measured: int) -> dict[str, int]:
    """The accounts after the storage was found to hold `measured` [Wh] instead of their sum.

    What is missing is taken pro rata to the charge, what is more is given pro rata to what is free.

    Raises: ValueError when the storage holds less than nothing or more than all shares.
    """
    total = sum(levels.values())
    if not 0 <= measured <= max(total, sum(shares.values())):
        raise ValueError(f"a storage of {sum(shares.values())} Wh cannot hold {measured} Wh")
    names = sorted({*shares, *levels})
    held = [levels.get(n, 0) for n in names]
    room = [max(0, shares.get(n, 0) - levels.get(n, 0)) for n in names]
    if measured < total:
        moved = [-wh for wh in largest_remainder(total - measured, held, names)]
    else:
        moved = largest_remainder(measured - total, room, names)
    return {name: wh + change for name, wh, change in zip(names, held, moved, strict=True)}


def after_new_shares(shares: Mapping[str, int], levels: Mapping[str, int]) -> dict[str, int]:
    """The accounts [Wh] when shares have changed: what no longer fits goes to members with room, pro rata to it.

    The storage does not move. What nobody has room for stays where it is until it is discharged. What is handed over
    is for the caller to settle: new less old account, at the agreed price.
    """
    names = sorted({*shares, *levels})
    excess = {n: max(0, levels.get(n, 0) - shares.get(n, 0)) for n in names}
    room = {n: max(0, shares.get(n, 0) - levels.get(n, 0)) for n in names}
    moved = min(sum(excess.values()), sum(room.values()))
    given, taken = _cut(excess, moved), _cut(room, moved)
    return {n: levels.get(n, 0) - given[n] + taken[n] for n in names}


def _standing(storage: Storage, levels: Mapping[str, int]) -> dict[str, int]:
    names = sorted(levels)
    held = [levels[n] for n in names]
    return dict(zip(names, largest_remainder(floor(sum(held) * storage.standing_loss), held, names), strict=True))


def _cut(energy: Mapping[str, int], most: int) -> dict[str, int]:
    """The energies, or when they sum to more than `most` their parts of it pro rata."""
    names = sorted(energy)
    total = min(most, sum(energy.values()))
    return dict(zip(names, largest_remainder(total, [energy[n] for n in names], names), strict=True))


def _conversion_loss(storage: Storage, flow: int) -> int:
    """What the storage loses by a flow [Wh]: it stores less than flows in and gives more than flows out."""
    if flow > 0:
        return flow - floor(flow * storage.charge_efficiency)
    return ceil(-flow / storage.discharge_efficiency) + flow
