"""Whether an order or a report may enter: every check, in one order, without touching the book."""

from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.slot_book import SlotBook
from broker.market.terms import Member, OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from wire.commitments import shown_order
from wire.messages import MeterReport, Order, OrderStep, Reveal, SealedOrder, Side, SlotState
from wire.reasons import Reason
from wire.slots import Slot, format_utc, parse_utc

METER_TOLERANCE = 1.1


def slot_of(label: str, terms: Terms) -> Slot | Rejected:
    """The slot that a message names."""
    try:
        return Slot(parse_utc(label), terms.slot_minutes)
    except ValueError as error:
        return Rejected(Reason.FOREIGN_SLOT, str(error), "slot")


def admit_order(order: Order, digest: str, *, book: SlotBook, member: Member, terms: Terms, at_s: int) -> Admission:
    """Whether the order counts; `digest` is that of its payload, `at_s` the moment it came in."""
    if order.stage != terms.stage:
        return Rejected(Reason.WRONG_STAGE, f"no stage {order.stage!r}", "stage")
    if terms.sealed:
        return Rejected(Reason.SEALED_MARKET, f"{order.stage} takes sealed orders", "stage")
    held = book.orders.get(member.meter)
    if held is not None and held.digest == digest:
        return Accepted(repeated=True)
    last = held.order.sequence if held is not None else None
    return _not_in_time(order, last, book=book, member=member, terms=terms, at_s=at_s) or _check_steps(
        order, book, member, terms
    )


def admit_sealed(
    sealed: SealedOrder, digest: str, *, book: SlotBook, member: Member, terms: Terms, at_s: int
) -> Admission:
    """Whether the commitment counts; what it hides is checked when it is revealed."""
    if sealed.stage != terms.stage:
        return Rejected(Reason.WRONG_STAGE, f"no stage {sealed.stage!r}", "stage")
    if not terms.sealed:
        return Rejected(Reason.NOT_SEALED, f"{sealed.stage} takes open orders", "stage")
    held = book.sealed.get(member.meter)
    if held is not None and held.digest == digest:
        return Accepted(repeated=True)
    last = held.sealed.sequence if held is not None else None
    late = _not_in_time(sealed, last, book=book, member=member, terms=terms, at_s=at_s)
    if late is not None:
        return late
    if book.prices is None or not book.prices.has_market:
        return Rejected(Reason.NO_MARKET, f"{book.slot.label} has no local market", "slot")
    return Accepted()


def admit_reveal(reveal: Reveal, *, book: SlotBook, member: Member, terms: Terms, at_s: int) -> Admission:
    """Whether the reveal opens the meter's commitment, and with an order that may enter."""
    held = book.sealed.get(member.meter)
    if held is None or reveal.stage != terms.stage:
        return Rejected(Reason.WRONG_REVEAL, f"no sealed order of {member.meter} for {reveal.slot}", "slot")
    if reveal.sequence != held.sealed.sequence or _opens(reveal) != held.sealed.commitment:
        return Rejected(Reason.WRONG_REVEAL, f"not what sequence {held.sealed.sequence} commits to", "salt")
    if member.meter in book.orders:
        return Accepted(repeated=True)
    if book.state is not SlotState.GATE_CLOSED or at_s >= terms.clearing_s(book.slot):
        return Rejected(Reason.WRONG_REVEAL, f"{book.slot.label} is {book.state}", "slot")
    return _check_steps(revealed_order(reveal, held.sealed), book, member, terms)


def _opens(reveal: Reveal) -> str:
    entry = shown_order(
        reveal.steps,
        pseudonym="0" * 16,
        sequence=reveal.sequence,
        salt=reveal.salt,
        community=reveal.community,
        stage=reveal.stage,
        slot=reveal.slot,
    )
    return entry.commitment


def revealed_order(reveal: Reveal, sealed: SealedOrder) -> Order:
    """The order that a reveal opens."""
    return Order(
        community=reveal.community,
        meter=reveal.meter,
        stage=reveal.stage,
        slot=reveal.slot,
        sequence=reveal.sequence,
        steps=reveal.steps,
        sent_at=sealed.sent_at,
    )


def _not_in_time(
    order: Order | SealedOrder, last: int | None, *, book: SlotBook, member: Member, terms: Terms, at_s: int
) -> Rejected | None:
    """Why an order comes too late, too early, too often or behind sequence `last`; None when it does not."""
    if MECHANISMS[terms.mechanism].clear is None:
        return Rejected(Reason.NO_MARKET, f"{terms.mechanism} shares metered energy and takes no orders", "stage")
    if at_s >= terms.gate_s(book.slot) or book.state is not SlotState.GATE_OPEN:
        gate = format_utc(terms.gate_s(book.slot))
        return Rejected(Reason.GATE_CLOSED, f"the gate of {book.slot.label} closed at {gate}", "slot")
    if book.slot > terms.last_tradable(at_s):
        return Rejected(Reason.TOO_EARLY, f"{book.slot.label} is beyond the trading horizon", "slot")
    if book.messages.get(member.meter, 0) >= terms.messages_per_slot_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.messages_per_slot_max} orders for this slot")
    if last is not None and order.sequence <= last:
        return _stale(order, last)
    return None


def _stale(order: Order | SealedOrder, last: int) -> Rejected:
    if order.sequence == last:
        return Rejected(Reason.CONFLICTING_SEQUENCE, f"sequence {last} came with another content", "sequence")
    return Rejected(Reason.STALE_SEQUENCE, f"sequence {order.sequence} is below {last}", "sequence")


def _check_steps(order: Order, book: SlotBook, member: Member, terms: Terms) -> Admission:
    if len(order.steps) > terms.steps_max:
        return Rejected(Reason.TOO_MANY_STEPS, f"{len(order.steps)} steps, at most {terms.steps_max}", "steps")
    if book.prices is None or not book.prices.has_market:
        return Rejected(Reason.NO_MARKET, f"{book.slot.label} has no local market", "slot")
    buys = [step for step in order.steps if step.side == Side.BUY]
    sells = [step for step in order.steps if step.side == Side.SELL]
    return (
        _outside_band(order, book.prices)
        or _not_monotone(buys, sells)
        or _over_nameplate(buys, member.nameplate_import_w, book.slot)
        or _over_nameplate(sells, member.nameplate_export_w, book.slot)
        or Accepted()
    )


def _outside_band(order: Order, prices: OutsidePrices) -> Rejected | None:
    for i, step in enumerate(order.steps):
        if not prices.feed_in_micro <= step.price_micro_per_kwh <= prices.retail_micro:
            detail = f"{step.price_micro_per_kwh} is outside [{prices.feed_in_micro}, {prices.retail_micro}]"
            return Rejected(Reason.PRICE_OUT_OF_BAND, detail, f"steps.{i}.price_micro_per_kwh")
    return None


def _not_monotone(buys: list[OrderStep], sells: list[OrderStep]) -> Rejected | None:
    bought = [step.price_micro_per_kwh for step in buys]
    sold = [step.price_micro_per_kwh for step in sells]
    if bought != sorted(bought, reverse=True) or sold != sorted(sold):
        return Rejected(Reason.NOT_MONOTONE, "buy prices have to fall and sell prices to rise", "steps")
    if bought and sold and max(bought) >= min(sold):
        detail = f"buys at {max(bought)} and sells at {min(sold)}: a meter never trades with itself"
        return Rejected(Reason.SELF_CROSSING, detail, "steps")
    return None


def _over_nameplate(steps: list[OrderStep], nameplate_w: int, slot: Slot) -> Rejected | None:
    limit_wh = nameplate_w * slot.minutes // 60
    total = sum(step.energy_wh for step in steps)
    if total > limit_wh:
        return Rejected(Reason.OVER_NAMEPLATE, f"{total} Wh, the connection carries {limit_wh} Wh", "steps")
    return None


def admit_report(
    report: MeterReport,
    digest: str,
    *,
    book: SlotBook,
    member: Member,
    registers_before: tuple[int, int],
    at_s: int,
) -> Admission:
    """Whether a meter report counts; `registers_before`: last reported (import, export) before the slot [Wh]."""
    held = book.reports.get(member.meter)
    if held is not None:
        if held.digest == digest:
            return Accepted(repeated=True)
        detail = f"{book.slot.label} was reported with sequence {held.report.sequence} and other values"
        return Rejected(Reason.CONFLICTING_SEQUENCE, detail, "sequence")
    if at_s < book.slot.end_s:
        return Rejected(Reason.SLOT_NOT_OVER, f"{book.slot.label} has not ended", "slot")
    if book.state in (SlotState.SETTLED, SlotState.VOID):
        return Rejected(Reason.ALREADY_SETTLED, f"{book.slot.label} is {book.state}", "slot")
    imports = (report.import_from_wh, report.import_to_wh)
    exports = (report.export_from_wh, report.export_to_wh)
    return (
        _bad_register("import", imports, registers_before[0], member.nameplate_import_w, book.slot)
        or _bad_register("export", exports, registers_before[1], member.nameplate_export_w, book.slot)
        or Accepted()
    )


def _bad_register(
    flow: str, values_wh: tuple[int, int], known_wh: int, nameplate_w: int, slot: Slot
) -> Rejected | None:
    start, end = values_wh
    if end < start or start < known_wh:
        detail = f"{flow} register: {known_wh} Wh known before the slot, then {start}..{end} Wh"
        return Rejected(Reason.REGISTER_WENT_BACK, detail, f"{flow}_from_wh")
    if (end - start) * 60 > METER_TOLERANCE * nameplate_w * slot.minutes:
        detail = f"{flow} of {end - start} Wh is more than a connection of {nameplate_w} W can carry"
        return Rejected(Reason.OVER_NAMEPLATE, detail, f"{flow}_to_wh")
    return None
