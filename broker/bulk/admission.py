"""Which records of a batch count: the checks of single messages (`broker.market.intake`) on whole arrays."""

import numpy as np
from numpy.typing import NDArray

from broker.bulk.members import Roll
from broker.market.intake import METER_TOLERANCE
from broker.market.terms import OutsidePrices
from wire.batch import BUY, SELL, STEPS_MAX, Batch, Records, authentic, meters
from wire.reasons import Reason
from wire.slots import Slot

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
ENERGY_MAX_WH = 10**9


class Verdicts:
    """The reason of every record, None where it counts; the first failed check names it."""

    def __init__(self, count: int) -> None:
        self.reasons: list[Reason | None] = [None] * count
        self.good: Bools = np.ones(count, dtype=np.bool_)

    def refuse(self, where: Bools, reason: Reason) -> None:
        """Refuses the records that hold so far and are marked."""
        for i in np.flatnonzero(where & self.good):
            self.reasons[i] = reason
        self.good &= ~where


def admit_orders(batch: Batch, roll: Roll, prices: OutsidePrices, slot: Slot, community: str) -> Verdicts:
    """The verdict on every order record of a batch."""
    records, verdicts = batch.records, Verdicts(len(batch.records))
    places = _known(batch, roll, community, verdicts)
    counted = np.arange(STEPS_MAX) < records["steps"][:, None]
    price, energy = records["price"].astype(np.int64), records["energy"].astype(np.int64)
    side = records["side"]
    empty = (price == 0) & (energy == 0) & (side == 0)
    formed = (side <= SELL) & (energy >= 1) & (energy <= ENERGY_MAX_WH)
    good_form = np.where(counted, formed, empty).all(axis=1) & (records["steps"] <= STEPS_MAX)
    verdicts.refuse(np.logical_or(~good_form, records["sequence"] < 1), Reason.MALFORMED)
    if not prices.has_market:
        verdicts.refuse(records["steps"] > 0, Reason.NO_MARKET)
    inside = (price >= prices.feed_in_micro) & (price <= prices.retail_micro)
    verdicts.refuse(np.asarray((counted & ~inside).any(axis=1)), Reason.PRICE_OUT_OF_BAND)
    buys, sells = counted & (side == BUY), counted & (side == SELL)
    verdicts.refuse(~_monotone(price, buys, falling=True), Reason.NOT_MONOTONE)
    verdicts.refuse(~_monotone(price, sells, falling=False), Reason.NOT_MONOTONE)
    verdicts.refuse(_crosses(price, buys, sells), Reason.SELF_CROSSING)
    hours = slot.minutes
    over = _total(energy, buys) > roll.import_w[places] * hours // 60
    over |= _total(energy, sells) > roll.export_w[places] * hours // 60
    verdicts.refuse(over, Reason.OVER_NAMEPLATE)
    return verdicts


def admit_reports(batch: Batch, roll: Roll, before: Records, slot: Slot, community: str) -> Verdicts:
    """The verdict on every report record; `before` holds each member's last registers (import, export) [Wh]."""
    records, verdicts = batch.records, Verdicts(len(batch.records))
    places = _known(batch, roll, community, verdicts)
    verdicts.refuse((records["sequence"] < 1) | (records["estimated"] > 1), Reason.MALFORMED)
    for flow, nameplate_w in (("import", roll.import_w), ("export", roll.export_w)):
        start, end = records[f"{flow}_from"].astype(np.int64), records[f"{flow}_to"].astype(np.int64)
        verdicts.refuse((end < start) | (start < before[flow][places]), Reason.REGISTER_WENT_BACK)
        verdicts.refuse(
            (end - start) * 60 > METER_TOLERANCE * nameplate_w[places] * slot.minutes, Reason.OVER_NAMEPLATE
        )
    return verdicts


def _known(batch: Batch, roll: Roll, community: str, verdicts: Verdicts) -> Ints:
    """The members' places (0 for strangers, who are refused), after the check of every signature."""
    places = roll.places(meters(batch))
    verdicts.refuse(places < 0, Reason.UNKNOWN_METER)
    keys = [roll.keys[place] if place >= 0 else None for place in places.tolist()]
    verdicts.refuse(~authentic(batch, community, keys), Reason.BAD_SIGNATURE)
    return np.maximum(places, 0)


def _monotone(price: Ints, mask: Bools, *, falling: bool) -> Bools:
    """Whether the marked prices of every record fall (or rise) from left to right."""
    sign = -1 if falling else 1
    ranked = np.where(mask, sign * price, np.iinfo(np.int64).min)
    best = np.maximum.accumulate(ranked, axis=1)
    return np.asarray((~mask | (ranked == best)).all(axis=1))


def _crosses(price: Ints, buys: Bools, sells: Bools) -> Bools:
    highest = np.where(buys, price, np.iinfo(np.int64).min).max(axis=1)
    lowest = np.where(sells, price, np.iinfo(np.int64).max).min(axis=1)
    return np.asarray(buys.any(axis=1) & sells.any(axis=1) & (highest >= lowest))


def _total(energy: Ints, mask: Bools) -> Ints:
    return np.asarray(np.where(mask, energy, 0).sum(axis=1))
