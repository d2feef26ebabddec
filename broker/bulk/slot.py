"""One slot of a large community: batches of orders and reports in, awards and bills under one signed root each out.

The same rules as in `broker.market` for one auction stage with the mid-market rate for imbalances, kept in arrays: no
object, no JSON and no signature per household. Journal the frames as they came: the slot is a fold over them.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from broker.bulk.admission import Verdicts, admit_orders, admit_reports
from broker.bulk.bills import amounts_nano, inside_wh
from broker.bulk.members import Roll
from broker.bulk.proved import Proved, proved
from broker.clearing.book import Book, BookSide
from broker.clearing.outcome import Outcome, Rules
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.batch import AWARD, BILL, BUY, ORDER, REPORT, STEPS_MAX, Batch, BatchError, Records, meters
from wire.slots import Slot

Ints = NDArray[np.int64]
REGISTERS = np.dtype([("import", "<i8"), ("export", "<i8")])


class BulkSlot:
    """The state of one slot: the newest order and the first report of every member, and what followed from them."""

    def __init__(self, terms: Terms, roll: Roll, slot: Slot, prices: OutsidePrices, before: Records) -> None:
        self._terms = terms
        self._roll = roll
        self._slot = slot
        self._prices = prices
        self._before = before
        self._orders = np.zeros(len(roll), dtype=ORDER)
        self._reports = np.zeros(len(roll), dtype=REPORT)
        self._awards = np.zeros(len(roll), dtype=AWARD)
        self._awards["meter"] = [name.encode() for name in roll.names]

    def take_orders(self, batch: Batch) -> Verdicts:
        """Takes the orders that hold; of several orders of a meter the one with the highest sequence counts."""
        self._check(batch, "order")
        verdicts = admit_orders(batch, self._roll, self._prices, self._slot, self._terms.community)
        self._keep(self._orders, batch, verdicts)
        return verdicts

    def take_reports(self, batch: Batch) -> Verdicts:
        """Takes the reports that hold; the first report of a meter counts."""
        self._check(batch, "report")
        verdicts = admit_reports(batch, self._roll, self._before, self._slot, self._terms.community)
        self._keep(self._reports, batch, verdicts)
        return verdicts

    def _check(self, batch: Batch, kind: str) -> None:
        """Raises: BatchError when the batch is of another kind, stage or slot; nothing is taken then."""
        here = (kind, self._terms.stage, self._slot.start_s)
        if (batch.kind, batch.stage, batch.slot_s) != here:
            raise BatchError(f"a batch of {batch.kind}s for {batch.stage} {batch.slot_s}: this is {here}")

    def _keep(self, held: Records, batch: Batch, verdicts: Verdicts) -> None:
        good = np.flatnonzero(verdicts.good)
        places = self._roll.places(meters(batch))[good]
        sequences = batch.records["sequence"][good].astype(np.int64)
        by_sequence = np.argsort(sequences, kind="stable")
        good, places, sequences = good[by_sequence], places[by_sequence], sequences[by_sequence]
        if held.dtype == REPORT:
            good, places, sequences = good[::-1], places[::-1], sequences[::-1]
            news = held["sequence"][places] == 0
        else:
            news = sequences > held["sequence"][places]
        held[places[news]] = batch.records[good[news]]

    def clear(self) -> tuple[Outcome, Proved]:
        """The outcome of the auction, and the awards of all members with an order under one root."""
        clear = MECHANISMS[self._terms.mechanism].clear
        assert clear is not None, "a community that shares metered energy has no orders"
        outcome = clear(self._book(), Rules(k=Fraction(self._terms.k_permille, 1000)))
        awards = self._awards
        awards["sequence"] = self._orders["sequence"]
        for field, energy in (("bought", outcome.bought), ("sold", outcome.sold)):
            awards[field][self._roll.aliased(list(energy))] = list(energy.values())
        for amounts, sign in ((outcome.payments(), 1), (outcome.receipts(), -1)):
            awards["amount"][self._roll.aliased(list(amounts))] += sign * np.array(
                list(amounts.values()), dtype=np.int64
            )
        return outcome, proved(self._batch("award", awards[awards["sequence"] > 0]))

    def _book(self) -> Book:
        counted = np.arange(STEPS_MAX) < self._orders["steps"][:, None]
        return Book(*(self._side(counted & (self._orders["side"] == side)) for side in (BUY, 1 - BUY)))

    def _side(self, mask: NDArray[np.bool_]) -> BookSide:
        rows = np.nonzero(mask)[0]
        names = self._roll.aliases
        return BookSide(
            keys=[names[row] for row in rows.tolist()],
            prices=self._orders["price"][mask].astype(np.int64),
            quantities=self._orders["energy"][mask].astype(np.int64),
        )

    def settle(self) -> tuple[Proved, int]:
        """The bills of all members under one root, and what the community account keeps [nano].

        A member without a report is settled as awarded. Raises: ArithmeticError when money or energy would appear.
        """
        awards, reports, prices = self._awards, self._reports, self._prices
        award_wh = awards["bought"].astype(np.int64) - awards["sold"].astype(np.int64)
        metered = self._metered(reports)
        metered = np.where(reports["sequence"] > 0, metered, award_wh)
        needs = metered - award_wh
        inside = inside_wh(needs, prices)
        bills = np.zeros(len(self._roll), dtype=BILL)
        bills["meter"], bills["award"], bills["metered"] = awards["meter"], award_wh, metered
        bills["inside"], bills["amount"] = inside, amounts_nano(awards["amount"], needs, inside, prices)
        kept = int(awards["amount"].sum())
        rest = needs - inside
        outside = int(np.where(rest > 0, rest * prices.retail_micro, rest * prices.feed_in_micro).sum())
        if int(award_wh.sum()) or int(inside.sum()) or int(bills["amount"].sum()) != kept + outside:
            raise ArithmeticError("energy or money would appear: the slot must not be settled")
        return proved(self._batch("bill", bills)), kept

    @staticmethod
    def _metered(reports: Records) -> Ints:
        imported = reports["import_to"].astype(np.int64) - reports["import_from"].astype(np.int64)
        exported = reports["export_to"].astype(np.int64) - reports["export_from"].astype(np.int64)
        return np.asarray(imported - exported)

    def _batch(self, kind: str, records: Records) -> Batch:
        return Batch(
            kind="award" if kind == "award" else "bill",
            stage=self._terms.stage,
            slot_s=self._slot.start_s,
            records=records,
        )
