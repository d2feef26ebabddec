"""A member's own messages, where the archive holds them: orders in the book, awards, settlements in the log."""

from collections.abc import Mapping

from broker.audit.archive import Archive
from broker.audit.own_storage import check_storage
from broker.audit.report import Report
from wire import audit
from wire.audit import Check, Violation
from wire.commitments import RoundName, round_of, shown_order
from wire.messages import Award, BookEntry, Calendar, Clearing, Leaves, Order, Receipt, Settlement

ORDERS = ("order", "sealed", "reveal")


def check_member(
    archive: Archive,
    calendar: Calendar,
    books: Mapping[RoundName, tuple[BookEntry, ...]],
    replayed: Mapping[RoundName, Mapping[str, Award]],
    report: Report,
) -> None:
    """Checks every private message of the archive; adds to the report."""
    clearings = {round_of(clearing): clearing for clearing in archive.of(Clearing)}
    awards = {(award.meter, round_of(award)): award for award in archive.of(Award)}
    report.awards, report.settlements = len(awards), len(archive.of(Settlement))
    for (_, name), award in awards.items():
        report.violations += _award(award, replayed.get(name, {}), clearings.get(name))
    check_storage(archive, calendar, report)
    leaves = {i: leaf for page in archive.of(Leaves) for i, leaf in enumerate(page.leaves, page.first)}
    for settlement in archive.of(Settlement):
        own = [award for (meter, name), award in awards.items() if (meter, name.slot) == _about(settlement)]
        slot = audit.slot_named(settlement.slot, calendar.slot_minutes)
        awarded_wh = None if slot is None else audit.whole_award_wh(own, calendar.stages, slot)
        report.violations += _settlement(settlement, awarded_wh, leaves)
    orders = {(order.meter, order.stage, order.slot, order.sequence): order for order in archive.of(Order)}
    for receipt in _first_receipts(archive):
        if receipt.of not in ORDERS or receipt.stage is None or receipt.round is None:
            continue
        of = RoundName(receipt.community, receipt.stage, receipt.slot, receipt.round)
        order = orders.get((receipt.meter, of.stage, of.slot, receipt.sequence))
        report.violations += _receipt(receipt, of, order, books.get(of))
        slot = audit.slot_named(of.slot, calendar.slot_minutes)
        gate_s = None if slot is None else audit.gate_of(calendar.stages, slot, of.stage, of.round)
        report.violations += audit.late_receipt(receipt, gate_s) if gate_s is not None else []


def _about(settlement: Settlement) -> tuple[str, str]:
    return settlement.meter, settlement.slot


def _first_receipts(archive: Archive) -> list[Receipt]:
    """The receipts, of several for the same message the first: a resent order is receipted again, also late."""
    first: dict[tuple[str, str, str, int], Receipt] = {}
    for receipt in sorted(archive.of(Receipt), key=lambda receipt: receipt.received_at):
        first.setdefault((receipt.meter, receipt.of, receipt.slot, receipt.sequence), receipt)
    return list(first.values())


def _award(award: Award, replayed: Mapping[str, Award], clearing: Clearing | None) -> list[Violation]:
    """The award against the replay; where there is none, against the awards' root."""
    wrong = []
    if clearing is not None and not audit.award_is_proven(award, clearing):
        detail = f"the award of {award.meter} is not under the awards' root"
        wrong.append(Violation(Check.OWN_AWARD, award.slot, detail))
    if not replayed:
        return wrong
    ours = replayed.get(award.pseudonym)
    own = {"meter": award.meter, "position_wh": award.position_wh}
    if ours is None or award != ours.model_copy(update=own):
        wrong.append(Violation(Check.OWN_AWARD, award.slot, f"the award of {award.meter} is not what the book gives"))
    return wrong


def _settlement(settlement: Settlement, awarded_wh: int | None, leaves: Mapping[int, str]) -> list[Violation]:
    wrong = audit.own_settlement(settlement, awarded_wh, None)
    leaf = leaves.get(settlement.log_index)
    if leaf is not None and not audit.holds_settlement(leaf, settlement):
        detail = f"leaf {settlement.log_index} of the log does not commit to it"
        wrong.append(Violation(Check.OWN_SETTLEMENT, settlement.slot, detail))
    return wrong


def _receipt(
    receipt: Receipt, of: RoundName, order: Order | None, entries: tuple[BookEntry, ...] | None
) -> list[Violation]:
    """The receipted order, or a newer one, has to be in the book under the receipt's pseudonym."""
    if entries is None:
        return []
    found = [entry for entry in entries if entry.pseudonym == receipt.pseudonym]
    newest = max((entry.sequence for entry in found), default=0)
    if newest < receipt.sequence:
        detail = f"sequence {receipt.sequence} was receipted and is not in the book"
        return [Violation(Check.OWN_ORDER, receipt.slot, detail)]
    if receipt.of == "reveal" and all(entry.salt is None for entry in found):
        return [Violation(Check.OWN_ORDER, receipt.slot, "the reveal was receipted and the order is void")]
    if order is None or newest > receipt.sequence or receipt.salt is None or receipt.pseudonym is None:
        return []
    expected = shown_order(
        order.steps,
        pseudonym=receipt.pseudonym,
        sequence=order.sequence,
        salt=receipt.salt,
        of=of,
    )
    return audit.own_order(receipt, expected, entries)
