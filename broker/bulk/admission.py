"""Whether orders and reports hold by themselves: the checks of `broker.market.admission.intake` on arrays."""

import numpy as np
from numpy.typing import NDArray

from broker.bulk.members import Roll
from broker.bulk.verdicts import Verdicts
from broker.market.admission.intake import METER_TOLERANCE
from broker.market.terms import OutsidePrices
from wire.batch import BUY, SELL, STEPS_MAX, Records
from wire.reasons import Reason
from wire.slots import Slot

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
ENERGY_MAX_WH = 10**9
REGISTER_MAX_WH = 2**53


def orders_in_form(records: Records, verdicts: Verdicts) -> None:
    """Refuses what no order can be: numbers outside their range, steps that are not used but not empty."""
    counted = _counted(records)
    price, energy, side = records["price"], records["energy"], records["side"]
    empty = (price == 0) & (energy == 0) & (side == 0)
    formed = (side <= SELL) & (energy >= 1) & (energy <= ENERGY_MAX_WH)
    good_form = np.where(counted, formed, empty).all(axis=1) & (records["steps"] <= STEPS_MAX)
    verdicts.refuse(np.logical_or(~good_form, records["sequence"] < 1), Reason.MALFORMED)


def check_orders(
    records: Records, verdicts: Verdicts, places: Ints, roll: Roll, at: tuple[Slot, OutsidePrices]
) -> None:
    """Refuses orders whose steps may not enter a slot at its prices; `places` are the members' in the roll."""
    (slot, prices), counted = at, _counted(records)
    price, energy, side = records["price"].astype(np.int64), records["energy"].astype(np.int64), records["side"]
    if not prices.has_market:
        verdicts.refuse(np.ones(len(records), dtype=np.bool_), Reason.NO_MARKET)
    inside = (price >= prices.feed_in_micro) & (price <= prices.retail_micro)
    verdicts.refuse(np.asarray((counted & ~inside).any(axis=1)), Reason.PRICE_OUT_OF_BAND)
    buys, sells = counted & (side == BUY), counted & (side == SELL)
    verdicts.refuse(~_monotone(price, buys, falling=True), Reason.NOT_MONOTONE)
    verdicts.refuse(~_monotone(price, sells, falling=False), Reason.NOT_MONOTONE)
    verdicts.refuse(_crosses(price, buys, sells), Reason.SELF_CROSSING)
    over = _total(energy, buys) > roll.import_w[places] * slot.minutes // 60
    over |= _total(energy, sells) > roll.export_w[places] * slot.minutes // 60
    verdicts.refuse(over, Reason.OVER_NAMEPLATE)


def reports_in_form(records: Records, verdicts: Verdicts) -> None:
    """Refuses what no report can be: numbers outside their range."""
    flows = [records[name] for name in ("import_from", "import_to", "export_from", "export_to")]
    beyond = np.max(flows, axis=0) > REGISTER_MAX_WH
    verdicts.refuse((records["sequence"] < 1) | (records["estimated"] > 1) | beyond, Reason.MALFORMED)


def check_reports(records: Records, verdicts: Verdicts, places: Ints, roll: Roll, at: tuple[Slot, Records]) -> None:
    """Refuses reports with impossible registers; `at` has the slot and each member's registers before it [Wh]."""
    slot, before = at
    for flow, nameplate_w in (("import", roll.import_w), ("export", roll.export_w)):
        start, end = records[f"{flow}_from"].astype(np.int64), records[f"{flow}_to"].astype(np.int64)
        verdicts.refuse((end < start) | (start < before[flow][places]), Reason.REGISTER_WENT_BACK)
        verdicts.refuse(
            (end - start) * 60 > METER_TOLERANCE * nameplate_w[places] * slot.minutes, Reason.OVER_NAMEPLATE
        )


def _counted(records: Records) -> Bools:
    return np.asarray(np.arange(STEPS_MAX) < records["steps"][:, None])


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
