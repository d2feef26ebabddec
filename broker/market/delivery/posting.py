"""From a delivered slot to transfers, log leaves and private settlements; from later news to corrections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from broker.ledger.log import Log, pseudonym, salt
from broker.ledger.transfer import Transfer, account
from broker.market.delivery.slot_positions import current_positions, settled_positions
from broker.market.sessions.auction import slot_rules
from broker.market.sessions.slot_book import Basis, SlotBook
from broker.market.terms import Terms
from broker.settlement.as_delivered import CUT, FIRST_IN_FIRST_OUT, as_delivered
from broker.settlement.called import called_transfers, measured_wh
from broker.settlement.charges import added
from broker.settlement.differences import differences
from broker.settlement.imbalance import Penalty, imbalance_rule
from broker.settlement.slot import Position, SharingRule, settle
from broker.settlement.stored import storage_transfers
from broker.settlement.two_price import TwoPrice
from broker.sharing.roles import roles_of
from wire.commitments import settlement_leaf
from wire.messages import FlexResult, ReserveResult, Settlement, SettlementLine

NOTE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SettledSlot:
    """Transfers of a slot with the settlements and results of calls they make, and the metered totals [Wh]."""

    transfers: tuple[Transfer, ...]
    settlements: list[Settlement]
    results: list[FlexResult | ReserveResult]
    demand_wh: int
    generation_wh: int


@dataclass(frozen=True, slots=True)
class Due:
    """All transfers of a slot, what the rules noted about it, and whose trades do not count whole."""

    transfers: tuple[Transfer, ...]
    note: str
    cut: frozenset[str]

    def note_for(self, meter: str) -> str | None:
        """What a member is told, None when there is nothing to tell."""
        return "; ".join(text for text in (self.note, CUT if meter in self.cut else "") if text)[:NOTE_LENGTH] or None


def settled_slot(book: SlotBook, terms: Terms, secret: bytes, log: Log) -> SettledSlot:
    """Settles a delivered slot and appends its leaves (members by pseudonym) to the log.

    A meter that was awarded energy and did not report is settled on what later registers tell, else as if it had
    delivered, and marked as estimated.
    """
    positions = current_positions(book)
    due = slot_due(positions, book, terms)
    bills = _Bills(book, terms.community, due.transfers, due)
    settlements = _logged([bills.settlement(p) for p in positions], book, secret, log)
    _remember(book, positions, settlements)
    return _result(due.transfers, settlements, _results(book, terms, positions), positions)


def corrected_slot(book: SlotBook, terms: Terms, secret: bytes, log: Log) -> SettledSlot:
    """Settles a settled slot on what is known now: differences as new transfers, leaves and settlements.

    Members for whom nothing changes get no settlement and no result. Nothing that was posted, logged or sent is
    touched.
    """
    positions = current_positions(book)
    settled = settled_positions(book)
    posted, due = slot_due(settled, book, terms), slot_due(positions, book, terms)
    transfers = differences(posted.transfers, due.transfers)
    told = _results(book, terms, settled)
    results = [result for result in _results(book, terms, positions) if result not in told]
    bills = _Bills(book, terms.community, transfers, due)
    changed = [p for p in positions if bills.touch(p) or _is_news(p, book.basis.get(p.meter))]
    settlements = _logged([bills.settlement(p) for p in changed], book, secret, log)
    _remember(book, changed, settlements)
    return _result(transfers, settlements, results, positions)


def _result(
    transfers: tuple[Transfer, ...],
    settlements: list[Settlement],
    results: list[FlexResult | ReserveResult],
    positions: Sequence[Position],
) -> SettledSlot:
    return SettledSlot(
        transfers=transfers,
        settlements=settlements,
        results=results,
        demand_wh=sum(max(p.metered_wh, 0) for p in positions),
        generation_wh=sum(max(-p.metered_wh, 0) for p in positions),
    )


def _results(book: SlotBook, terms: Terms, positions: Sequence[Position]) -> list[FlexResult | ReserveResult]:
    metered = measured_wh(positions)
    return [part.result(terms.community, book.slot.label, metered.get(part.meter)) for part in book.called]


def slot_due(positions: Sequence[Position], book: SlotBook, terms: Terms) -> Due:
    """Every transfer of a slot in which its members had these positions, and what is noted about it."""
    counted, lost_wh = positions, book.lost_wh
    if terms.allocation == FIRST_IN_FIRST_OUT:
        counted = as_delivered(positions)
        lost_wh = -sum(p.award_wh for p in counted)
    rules = replace(
        slot_rules(book.slot, terms), roles=roles_of(book.roles), solidarity_micro=terms.solidarity_micro_per_kwh
    )
    settled = settle(counted, sharing_rule(terms), rules, lost_wh)
    called = called_transfers(book.called, positions)
    so_far = (*settled.transfers, *called, *penalty(terms).transfers(positions))
    so_far = (*so_far, *storage_transfers(book.stored))
    charged = added(positions, so_far, book.regulation, book.slot, book.subscribers)
    cut = frozenset(p.meter for p, q in zip(positions, counted, strict=True) if p.parts != q.parts)
    return Due((*so_far, *charged), settled.note, cut)


def sharing_rule(terms: Terms) -> SharingRule:
    """The rule for what was metered beyond the positions."""
    two_price = TwoPrice(terms.short_adder_micro_per_kwh, terms.long_deduction_micro_per_kwh)
    return imbalance_rule(terms.balancing, two_price)


def penalty(terms: Terms) -> Penalty:
    """What a deviation costs on top."""
    return Penalty(
        micro=terms.penalty_micro_per_kwh,
        tolerance_wh=terms.penalty_tolerance_wh,
        tolerance_permille=terms.penalty_tolerance_permille,
    )


def _is_news(p: Position, basis: Basis | None) -> bool:
    return basis is None or (basis.metered_wh, basis.is_measured) != (p.metered_wh, p.is_measured)


def _remember(book: SlotBook, positions: Iterable[Position], settlements: Iterable[Settlement]) -> None:
    places = {s.meter: s.log_index for s in settlements}
    for p in positions:
        book.basis[p.meter] = Basis(p.metered_wh, p.is_measured, places[p.meter])


class _Bills:
    """The members' settlements of some transfers of a slot, with the notes on what is due."""

    def __init__(self, book: SlotBook, community: str, transfers: Iterable[Transfer], due: Due) -> None:
        self._book, self._community, self._due = book, community, due
        self._lines: dict[str, list[SettlementLine]] = {}
        for t in transfers:
            for own, sign in ((t.payer, 1), (t.payee, -1)):
                self._lines.setdefault(own, []).append(line_of(t, sign))

    def touch(self, p: Position) -> bool:
        """Whether a transfer is the member's."""
        return account(p.meter) in self._lines

    def settlement(self, p: Position) -> Settlement:
        """The settlement of a member, not logged yet: its place in the log and its salt follow."""
        lines = tuple(self._lines.get(account(p.meter), ()))
        earlier = self._book.basis.get(p.meter)
        return Settlement(
            community=self._community,
            meter=p.meter,
            slot=self._book.slot.label,
            quality="measured" if p.is_measured else "estimated",
            award_wh=p.award_wh,
            metered_wh=p.metered_wh,
            lines=lines,
            total_nano=sum(line.amount_nano for line in lines),
            log_index=0,
            salt="0" * 64,
            corrects=earlier.log_index if earlier else None,
            note=self._due.note_for(p.meter),
        )


def line_of(t: Transfer, sign: int) -> SettlementLine:
    """The line of a transfer for its payer (sign 1, positive amounts are paid) or its payee (-1)."""
    return SettlementLine(
        item=t.item,
        of=t.of,
        label=t.label or None,
        energy_wh=sign * t.energy_wh,
        price_micro_per_kwh=t.price_micro,
        base_nano=None if t.base_nano is None else sign * t.base_nano,
        amount_nano=sign * t.amount_nano,
    )


def _logged(settlements: list[Settlement], book: SlotBook, secret: bytes, log: Log) -> list[Settlement]:
    named = sorted((pseudonym(secret, s.meter, book.slot.start_s), s) for s in settlements)
    placed = []
    for name, s in named:
        purpose = "settlement" if s.corrects is None else f"settlement/{s.corrects}"
        salted = s.model_copy(update={"salt": salt(secret, purpose, s.meter, s.slot).hex()})
        placed.append(salted.model_copy(update={"log_index": log.append(settlement_leaf(salted, name))}))
    return sorted(placed, key=lambda s: s.meter)
