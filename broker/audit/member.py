"""A member's own messages, where the archive holds them: orders in the book, awards, settlements in the log."""

from collections.abc import Mapping

from broker.audit.archive import Archive
from broker.audit.report import Report
from wire import audit
from wire.audit import Check, Violation
from wire.commitments import shown_order
from wire.messages import Award, BookEntry, Leaves, Order, Receipt, Settlement
from wire.slots import parse_utc

Key = tuple[str, str]


def check_member(
    archive: Archive,
    books: Mapping[Key, tuple[BookEntry, ...]],
    replayed: Mapping[Key, Mapping[str, Award]],
    report: Report,
    *,
    shortest_lead_s: int,
) -> None:
    """Checks every private message of the archive; adds to the report.

    No gate of a slot is later than `shortest_lead_s` before it.
    """
    awards = {(award.meter, award.slot): award for award in archive.of(Award)}
    report.awards, report.settlements = len(awards), len(archive.of(Settlement))
    for award in awards.values():
        report.violations += _award(award, replayed.get((award.stage, award.slot), {}))
    leaves = {i: leaf for page in archive.of(Leaves) for i, leaf in enumerate(page.leaves, page.first)}
    for settlement in archive.of(Settlement):
        report.violations += _settlement(settlement, awards.get((settlement.meter, settlement.slot)), leaves)
    orders = {(order.meter, order.slot, order.sequence): order for order in archive.of(Order)}
    shown: dict[str, list[BookEntry]] = {}
    for (_, slot), entries in books.items():
        shown.setdefault(slot, []).extend(entries)
    for receipt in _first_receipts(archive):
        order = orders.get((receipt.meter, receipt.slot, receipt.sequence))
        report.violations += _receipt(receipt, order, shown.get(receipt.slot))
        report.violations += audit.late_receipt(receipt, parse_utc(receipt.slot) - shortest_lead_s)


def _first_receipts(archive: Archive) -> list[Receipt]:
    """The receipts, of several for the same message the first: a resent order is receipted again, also late."""
    first: dict[tuple[str, str, str, int], Receipt] = {}
    for receipt in sorted(archive.of(Receipt), key=lambda receipt: receipt.received_at):
        first.setdefault((receipt.meter, receipt.of, receipt.slot, receipt.sequence), receipt)
    return list(first.values())


def _award(award: Award, replayed: Mapping[str, Award]) -> list[Violation]:
    if not replayed:
        return []
    ours = replayed.get(award.pseudonym)
    if ours is None or award != ours.model_copy(update={"meter": award.meter}):
        return [Violation(Check.OWN_AWARD, award.slot, f"the award of {award.meter} is not what the book gives")]
    return []


def _settlement(settlement: Settlement, award: Award | None, leaves: Mapping[int, str]) -> list[Violation]:
    wrong = audit.own_settlement(settlement, award, None)
    leaf = leaves.get(settlement.log_index)
    if leaf is not None and not audit.holds_settlement(leaf, settlement):
        detail = f"leaf {settlement.log_index} of the log does not commit to it"
        wrong.append(Violation(Check.OWN_SETTLEMENT, settlement.slot, detail))
    return wrong


def _receipt(receipt: Receipt, order: Order | None, entries: list[BookEntry] | None) -> list[Violation]:
    """The receipted order, or a newer one, has to be in the book under the receipt's pseudonym."""
    if receipt.of == "report" or entries is None:
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
        community=order.community,
        stage=order.stage,
        slot=order.slot,
    )
    return audit.own_order(receipt, expected, entries)
