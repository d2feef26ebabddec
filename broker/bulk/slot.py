"""One slot of a large community: orders and reports of many in, awards and bills under one signed root each out.

The same rules as in `broker.market` for one auction stage with the mid-market rate for imbalances, kept in arrays: no
object, no JSON and no signature of the broker per household. Batches come in through `broker.bulk.intake`. Journal
their frames as they came: the slot is a fold over them.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from broker.bulk.admission import check_orders, check_reports, orders_in_form, reports_in_form
from broker.bulk.bills import amounts_nano, inside_wh
from broker.bulk.held import HeldOrders, HeldReports, turns
from broker.bulk.members import Roll
from broker.bulk.proved import Proved, proved
from broker.bulk.verdicts import Verdicts
from broker.clearing.book import Book, BookSide
from broker.clearing.outcome import Outcome, Rules
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.batch import AWARD, BILL, BUY, SELL, STEPS_MAX, Batch, Records
from wire.messages import SlotState
from wire.reasons import Reason
from wire.slots import Slot

Ints = NDArray[np.int64]
REGISTERS = np.dtype([("import", "<i8"), ("export", "<i8")])


class BulkSlot:
    """The state of one slot: the order and the report that count of every member, and what followed from them.

    `before` holds each member's registers at the start of the slot [Wh].
    """

    def __init__(self, terms: Terms, roll: Roll, slot: Slot, prices: OutsidePrices, before: Records) -> None:
        self._terms = terms
        self._roll = roll
        self._slot = slot
        self._prices = prices
        self._before = before
        self._state = SlotState.GATE_OPEN
        self._orders = HeldOrders(len(roll), terms.messages_per_slot_max)
        self._reports = HeldReports(len(roll))
        self._awards = np.zeros(len(roll), dtype=AWARD)
        self._awards["meter"] = [name.encode() for name in roll.names]

    def take_orders(self, stage: str, orders: Records, names: Sequence[str], verdicts: Verdicts) -> None:
        """Takes the orders of some members that hold; a higher sequence replaces what counted before."""
        if stage != self._terms.stage:
            verdicts.refuse(verdicts.good, Reason.WRONG_STAGE)
        orders_in_form(orders, verdicts)
        self._take(orders, names, verdicts, self._orders, self._admit_orders)

    def _admit_orders(self, orders: Records, places: Ints, verdicts: Verdicts) -> None:
        if self._state is not SlotState.GATE_OPEN:
            verdicts.refuse(verdicts.good, Reason.GATE_CLOSED)
        self._orders.check(orders, verdicts, places)
        verdicts.refuse(orders["steps"] > self._terms.steps_max, Reason.TOO_MANY_STEPS)
        check_orders(orders, verdicts, places, self._roll, (self._slot, self._prices))

    def take_reports(self, reports: Records, names: Sequence[str], verdicts: Verdicts) -> None:
        """Takes the reports of some members that hold; a measured one replaces an estimate."""
        reports_in_form(reports, verdicts)
        self._take(reports, names, verdicts, self._reports, self._admit_reports)

    def _admit_reports(self, reports: Records, places: Ints, verdicts: Verdicts) -> None:
        if self._state is SlotState.GATE_OPEN:
            verdicts.refuse(verdicts.good, Reason.SLOT_NOT_OVER)
        if self._state is SlotState.SETTLED:
            verdicts.refuse(verdicts.good, Reason.ALREADY_SETTLED)
        self._reports.check(reports, verdicts, places)
        check_reports(reports, verdicts, places, self._roll, (self._slot, self._before))

    def _take(
        self,
        records: Records,
        names: Sequence[str],
        verdicts: Verdicts,
        held: HeldOrders | HeldReports,
        admit: Callable[[Records, Ints, Verdicts], None],
    ) -> None:
        """Keeps the records that hold, no member twice in a turn; what counts already may come again."""
        places = self._roll.places(names)
        verdicts.refuse(places < 0, Reason.UNKNOWN_METER)
        for rows in turns(np.flatnonzero(verdicts.good), places):
            new = rows[~held.repeated(records[rows], places[rows])]
            chosen = verdicts.part(new)
            admit(records[new], places[new], chosen)
            held.keep(records[new], chosen, places[new])
            verdicts.put(new, chosen)

    def clear(self) -> tuple[Outcome, Proved]:
        """The outcome of the auction, and the awards of all members with an order under one root."""
        clear = MECHANISMS[self._terms.mechanism].clear
        assert clear is not None, "a community that shares metered energy has no orders"
        outcome = clear(self._book(), Rules(k=Fraction(self._terms.k_permille, 1000)))
        awards = self._awards
        awards["sequence"] = self._orders.records["sequence"]
        for field, energy in (("bought", outcome.bought), ("sold", outcome.sold)):
            awards[field][self._roll.aliased(list(energy))] = list(energy.values())
        for amounts, sign in ((outcome.payments(), 1), (outcome.receipts(), -1)):
            awards["amount"][self._roll.aliased(list(amounts))] += sign * np.array(
                list(amounts.values()), dtype=np.int64
            )
        self._state = SlotState.CLEARED
        return outcome, proved(self._batch("award", awards[awards["sequence"] > 0]))

    def _book(self) -> Book:
        orders = self._orders.records
        counted = np.arange(STEPS_MAX) < orders["steps"][:, None]
        return Book(*(self._side(counted & (orders["side"] == side)) for side in (BUY, SELL)))

    def _side(self, mask: NDArray[np.bool_]) -> BookSide:
        rows = np.nonzero(mask)[0]
        names = self._roll.aliases
        return BookSide(
            keys=[names[row] for row in rows.tolist()],
            prices=self._orders.records["price"][mask].astype(np.int64),
            quantities=self._orders.records["energy"][mask].astype(np.int64),
        )

    def settle(self) -> tuple[Proved, int]:
        """The bills of all members under one root, and what the community account keeps [nano].

        A member without a report is settled as awarded. Raises: ArithmeticError when money or energy would appear.
        """
        awards, reports, prices = self._awards, self._reports.records, self._prices
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
        self._state = SlotState.SETTLED
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
