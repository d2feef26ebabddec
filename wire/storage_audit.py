"""What a member can check of its share of a storage: own bid, own requests, own account, own settlement.

Of the others' accounts it sees nothing: that all of them sum up is seen in the journal (`community-broker replay`).
"""

from dataclasses import dataclass, field
from typing import TypeVar

from wire.audit import Check, Violation
from wire.messages import (
    Settlement,
    SettlementItem,
    StorageBid,
    StorageGrant,
    StorageRequest,
    StorageRules,
    StorageShare,
)
from wire.slots import format_utc, parse_utc
from wire.storage_lines import SHARE

KEPT = 700
PPM = 1_000_000
DAY_S = 86_400
KeyT = TypeVar("KeyT")
T = TypeVar("T")


@dataclass(slots=True)
class StorageAudit:
    """Follows the account of one member. Messages come in the order in which they were sent."""

    rules: StorageRules | None = None
    bids: dict[tuple[str, int], StorageBid] = field(default_factory=dict)
    requests: dict[tuple[str, int], StorageRequest] = field(default_factory=dict)
    grants: dict[str, StorageGrant] = field(default_factory=dict)
    shares: dict[str, StorageShare] = field(default_factory=dict)
    newest: StorageGrant | None = None

    def sent(self, wish: StorageBid | StorageRequest) -> None:
        """Remembers what the member asked for."""
        if isinstance(wish, StorageBid):
            _keep(self.bids, (wish.period, wish.sequence), wish)
        else:
            _keep(self.requests, (wish.slot, wish.sequence), wish)

    def share(self, share: StorageShare) -> list[Violation]:
        """Whether a share costs what was told, and is one that an own bid asked for."""
        wrong = []
        _keep(self.shares, share.period, share)
        if share.amount_nano != share.share_wh * (share.price_micro_per_kwh or 0):
            wrong.append(f"{share.share_wh} Wh cost {share.amount_nano} nano, their price says otherwise")
        is_agreed = self.rules is not None and self.rules.allocation == "shares"  # then no bid counts
        own = [bid for (period, _), bid in self.bids.items() if period == share.period and not is_agreed]
        if own and all(_bid_problem(bid, share) for bid in own):
            wrong.append(_bid_problem(max(own, key=lambda bid: bid.sequence), share) or "")
        return [Violation(Check.OWN_STORAGE, share.period, detail) for detail in wrong]

    def grant(self, grant: StorageGrant, slot_s: int) -> list[Violation]:
        """Whether a grant follows from the account before it, the own request and what the storage may lose."""
        wrong = []
        before = self.newest
        was_just_before = before is not None and parse_utc(before.slot) + slot_s == parse_utc(grant.slot)
        held_wh = grant.level_wh - grant.handed_wh - grant.granted_wh + grant.losses_wh
        if held_wh < 0 or (was_just_before and before is not None and before.level_wh != held_wh):
            wrong.append(f"the account held {'something else' if held_wh >= 0 else 'less'} before")
        if grant.level_wh > max(grant.share_wh, held_wh + grant.handed_wh):
            wrong.append(f"the account holds {grant.level_wh} Wh of a share of {grant.share_wh} Wh")
        if grant.granted_wh * grant.requested_wh < 0 or abs(grant.granted_wh) > abs(grant.requested_wh):
            wrong.append(f"granted are {grant.granted_wh} Wh, requested were {grant.requested_wh} Wh")
        own = None if grant.sequence is None else self.requests.get((grant.slot, grant.sequence))
        if own is not None and own.energy_wh != grant.requested_wh:
            wrong.append(f"answers a request of {grant.requested_wh} Wh, it was of {own.energy_wh} Wh")
        if self.rules is not None and grant.losses_wh > most_lost_wh(
            grant, held_wh + grant.handed_wh, self.rules, slot_s
        ):
            wrong.append(f"lost {grant.losses_wh} Wh, more than the storage may lose")
        self.newest = grant
        _keep(self.grants, grant.slot, grant)
        return [Violation(Check.OWN_STORAGE, grant.slot, detail) for detail in wrong]

    def settlement(self, settlement: Settlement) -> list[Violation]:
        """Whether a settlement holds what was granted, and bills a share at what was told."""
        return [*self._billed(settlement), *self._settled(settlement)]

    def _billed(self, settlement: Settlement) -> list[Violation]:
        """Shares that were told otherwise than billed; nothing while the present period's share is unknown."""
        if self.rules is None or settlement.corrects is not None:
            return []
        slot_s, first_s = parse_utc(settlement.slot), parse_utc(self.rules.first_period)
        period = format_utc(slot_s - (slot_s - first_s) % (self.rules.period_days * DAY_S))
        if period not in self.shares:
            return []
        known = {share.amount_nano for share in self.shares.values() if share.period <= period}
        billed = [line.amount_nano for line in settlement.lines if line.label == SHARE]
        return [
            Violation(
                Check.OWN_STORAGE, settlement.slot, f"{nano} nano are billed for a share, told was another amount"
            )
            for nano in billed
            if nano not in known
        ]

    def _settled(self, settlement: Settlement) -> list[Violation]:
        """Energy of the storage that is settled and was not granted."""
        grant = self.grants.get(settlement.slot)
        if grant is None or settlement.corrects is not None:
            return []
        billed_wh = sum(x.energy_wh for x in settlement.lines if x.item is SettlementItem.STORAGE)
        if billed_wh == -grant.granted_wh:
            return []
        detail = f"{grant.granted_wh} Wh were granted, the lines of the storage say {billed_wh} Wh"
        return [Violation(Check.OWN_STORAGE, settlement.slot, detail)]


def most_lost_wh(grant: StorageGrant, held_wh: int, rules: StorageRules, slot_s: int) -> int:
    """The most that an account may lose in a slot [Wh]: converting all that it did, standing, a Wh for rounding.

    `held_wh` is what it held before, with what was handed over to it at new shares.
    """
    standing = held_wh * rules.standing_loss_per_day_ppm * slot_s // (PPM * 86_400) + 1
    if grant.granted_wh > 0:
        converted = grant.granted_wh * (PPM - rules.charge_efficiency_ppm) // PPM + 1
    else:
        efficiency = rules.discharge_efficiency_ppm
        converted = -grant.granted_wh * (PPM - efficiency) // efficiency + 1
    return standing + converted + 1


def _bid_problem(bid: StorageBid, share: StorageShare) -> str | None:
    """Why a share is not what a bid asked for, None when it is."""
    price = share.price_micro_per_kwh
    if bid.request_wh is not None:
        return (
            f"{share.share_wh} Wh for a request of {bid.request_wh} Wh" if share.share_wh > bid.request_wh else None
        )
    if price is None:
        return f"{share.share_wh} Wh without a price" if share.share_wh else None
    least_wh = sum(step.energy_wh for step in bid.steps if step.price_micro_per_kwh > price)
    most_wh = sum(step.energy_wh for step in bid.steps if step.price_micro_per_kwh >= price)
    if least_wh <= share.share_wh <= most_wh:
        return None
    return f"{share.share_wh} Wh at {price} micro, the bid asked for {least_wh} to {most_wh} Wh at that price"


def _keep(held: dict[KeyT, T], key: KeyT, item: T) -> None:
    held.pop(key, None)
    held[key] = item
    while len(held) > KEPT:
        del held[next(iter(held))]
