"""Settlement of one slot: awards at what the mechanism asked, then what was metered beyond them by a sharing rule.

By default imbalances of opposite sign meet inside the community at the mid-market rate and only the rest meets
outside prices. A community without an auction has no awards: its rule divides everything that was metered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from broker.clearing.outcome import Rules
from broker.ledger.transfer import (
    COMMUNITY,
    DONATIONS,
    LOSSES,
    MARKET,
    OUTSIDE,
    Transfer,
    account,
    flow,
    flow_at,
)
from broker.sharing import mid_market
from broker.sharing.shares import Need, Share, Shares
from wire.messages import SettlementItem

ACCOUNTS = {"donation": DONATIONS}
SharingRule = Callable[[Sequence[Need], Rules], Shares]


class Traded(NamedTuple):
    """One part of a position: an award, or a contract; `energy_wh` [+ bought] for `amount_nano` [+ to pay].

    Parts with one `pool` were traded with one another: their energies sum to zero, less what was lost on the way.
    """

    energy_wh: int
    amount_nano: int
    price_micro: int | None = None
    item: SettlementItem = SettlementItem.AWARD
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A member in one slot: `award_wh` [+ bought] for `award_nano` [+ to pay], `metered_wh` = import minus export.

    `award_price_micro` is the price of the award when it has one; outside prices in micro per kWh. A position from
    several sessions or contracts has `parts`, whose sums the award's figures are; without them it is one award.
    `is_measured` is false while the metered energy is an estimate.
    """

    meter: str
    award_wh: int
    award_nano: int
    metered_wh: int
    retail_micro: int
    feed_in_micro: int
    award_price_micro: int | None = None
    is_measured: bool = True
    parts: tuple[Traded, ...] = ()

    @property
    def need(self) -> Need:
        """Energy beyond the award [Wh, + used more or delivered less]."""
        return Need(self.meter, self.metered_wh - self.award_wh, self.retail_micro, self.feed_in_micro)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The transfers of a slot, in ascending order of the members; `note` of the sharing rule."""

    transfers: tuple[Transfer, ...]
    note: str = ""


def settle(
    positions: Sequence[Position],
    rule: SharingRule = mid_market.share,
    rules: Rules | None = None,
    lost_wh: int = 0,
) -> Settled:
    """The transfers of a slot. What the awards or the rule leave over goes to the community account.

    `lost_wh` of what the awards sold is lost on the way: a position of the account of losses, at price zero.
    Raises: ValueError when awarded and lost energies, or what goes through the account of donations, do
    not balance (a clearing or a sharing that must not be settled).
    """
    members = sorted(positions, key=lambda p: p.meter)
    if left := sum(p.award_wh for p in members) + lost_wh:
        raise ValueError(f"awards do not balance: {left} Wh remain")
    if lost_wh < 0:
        raise ValueError(f"awards do not balance: {-lost_wh} Wh more were bought than sold")
    awards = [transfer for p in members for transfer in _awards(p)]
    if lost_wh:
        awards.append(flow_at(SettlementItem.AWARD, LOSSES, MARKET, energy_wh=lost_wh, price_micro=0))
    surplus = sum(p.award_nano for p in members)
    shares = rule([p.need for p in members], rules or Rules())
    shared = [_shared(line) for line in shares.lines]
    rest = [_to_community(surplus)] if surplus else []
    if members:
        _check_accounts(shares.lines)
        rest += _community_outside([s for s in shares.lines if not s.is_outside and not s.through], members[0])
    return Settled(transfers=(*awards, *shared, *rest), note=shares.note)


def _awards(p: Position) -> list[Transfer]:
    parts = p.parts or (Traded(p.award_wh, p.award_nano, p.award_price_micro),)
    return [
        flow(
            part.item,
            account(p.meter),
            MARKET,
            energy_wh=part.energy_wh,
            nano=part.amount_nano,
            price=part.price_micro,
        )
        for part in parts
        if part.energy_wh or part.amount_nano
    ]


def _shared(line: Share) -> Transfer:
    item, counterparty = (SettlementItem.OUTSIDE, OUTSIDE) if line.is_outside else (SettlementItem.IMBALANCE, MARKET)
    if line.through:
        item, counterparty = SettlementItem(line.through), ACCOUNTS[line.through]
    return flow(
        item,
        account(line.meter),
        counterparty,
        energy_wh=line.energy_wh,
        nano=line.amount_nano,
        price=line.price_micro,
    )


def _check_accounts(lines: Sequence[Share]) -> None:
    for name in ACCOUNTS:
        if left := sum(line.energy_wh for line in lines if line.through == name):
            raise ValueError(f"{name} lines do not balance: {left} Wh remain")


def _community_outside(inside: list[Share], prices: Position) -> list[Transfer]:
    """What the inside lines leave: the energy meets outside prices, the money goes to the community account."""
    energy_wh = sum(line.energy_wh for line in inside)
    outside_nano = 0
    transfers = []
    if energy_wh:
        price = prices.retail_micro if energy_wh > 0 else prices.feed_in_micro
        transfers.append(flow_at(SettlementItem.OUTSIDE, MARKET, OUTSIDE, energy_wh=energy_wh, price_micro=price))
        outside_nano = energy_wh * price
    kept = sum(line.amount_nano for line in inside) - outside_nano
    return [*transfers, _to_community(kept)] if kept else transfers


def _to_community(nano: int) -> Transfer:
    return flow(SettlementItem.COMMUNITY, MARKET, COMMUNITY, energy_wh=0, nano=nano, price=None)
