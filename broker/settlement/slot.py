"""Settlement of one slot: awards at the auction price, imbalances inside the community first, the rest outside.

Imbalances of opposite sign meet at the mid-market rate (Long et al. 2017, doi 10.1109/PESGM.2017.8274546): the short
side of the slot's imbalances trades wholly at the middle of feed-in and retail price, the long side for its matched
part, and what is left over is billed at the outside price. In whole Wh the matched energy is shared pro rata
(largest remainder), so every amount is an exact product and nothing is rounded.
"""

from dataclasses import dataclass

from broker.ledger.transfer import MARKET, OUTSIDE, Item, Transfer, account
from wire.quantities import largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A member in one slot: `award_wh` [+ bought], `metered_wh` = import minus export, outside prices [micro/kWh]."""

    meter: str
    award_wh: int
    metered_wh: int
    retail_micro: int
    feed_in_micro: int

    @property
    def imbalance_wh(self) -> int:
        """Energy beyond the award [Wh, + used more or delivered less]."""
        return self.metered_wh - self.award_wh


def mid_market_micro(positions: list[Position]) -> int:
    """The middle between the highest feed-in and the lowest retail price of the members, rounded down [micro/kWh].

    No member pays more or gets less than outside at this rate when feed-in prices are below retail prices.
    """
    return (max(p.feed_in_micro for p in positions) + min(p.retail_micro for p in positions)) // 2


def settle(positions: list[Position], award_price_micro: int | None) -> list[Transfer]:
    """The transfers of a slot, in ascending order of the members.

    Raises: ValueError when awards do not balance or an award has no price (a clearing that must not be settled).
    """
    ordered = sorted(positions, key=lambda p: p.meter)
    if sum(p.award_wh for p in ordered):
        raise ValueError(f"awards do not balance: {sum(p.award_wh for p in ordered)} Wh remain")
    if award_price_micro is None and any(p.award_wh for p in ordered):
        raise ValueError("awards without a price")
    awards = [_trade(Item.AWARD, p.meter, p.award_wh, award_price_micro or 0) for p in ordered if p.award_wh]
    return awards + (_imbalances(ordered) if ordered else [])


def _imbalances(positions: list[Position]) -> list[Transfer]:
    mid = mid_market_micro(positions)
    shorts = [p for p in positions if p.imbalance_wh > 0]
    longs = [p for p in positions if p.imbalance_wh < 0]
    matched = min(sum(p.imbalance_wh for p in shorts), -sum(p.imbalance_wh for p in longs))
    if max(p.feed_in_micro for p in positions) > min(p.retail_micro for p in positions):
        matched = 0  # exporting pays more than importing costs: meeting inside would make somebody worse off
    inside = _matched(shorts, matched) | {meter: -energy for meter, energy in _matched(longs, matched).items()}
    transfers = []
    for p in positions:
        local = inside.get(p.meter, 0)
        rest = p.imbalance_wh - local
        if local:
            transfers.append(_trade(Item.IMBALANCE, p.meter, local, mid))
        if rest:
            transfers.append(_outside(p, rest))
    return transfers


def _matched(side: list[Position], total: int) -> dict[str, int]:
    meters = [p.meter for p in side]
    shares = largest_remainder(total, [abs(p.imbalance_wh) for p in side], meters)
    return dict(zip(meters, shares, strict=True))


def _trade(item: Item, meter: str, energy_wh: int, price_micro: int) -> Transfer:
    """A member buys from (or sells to) the market account; a sign becomes a direction here and nowhere else."""
    if energy_wh > 0:
        return Transfer(item=item, payer=account(meter), payee=MARKET, energy_wh=energy_wh, price_micro=price_micro)
    return Transfer(item=item, payer=MARKET, payee=account(meter), energy_wh=-energy_wh, price_micro=price_micro)


def _outside(p: Position, rest_wh: int) -> Transfer:
    if rest_wh > 0:
        return Transfer(
            item=Item.OUTSIDE,
            payer=account(p.meter),
            payee=OUTSIDE,
            energy_wh=rest_wh,
            price_micro=p.retail_micro,
        )
    return Transfer(
        item=Item.OUTSIDE,
        payer=OUTSIDE,
        payee=account(p.meter),
        energy_wh=-rest_wh,
        price_micro=p.feed_in_micro,
    )
