"""Whether an order may enter: every check, in one order, without touching the book."""

from dataclasses import replace

from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.limits import over_nameplate
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Member, OutsidePrices, Terms
from wire.commitments import round_of, shown_order
from wire.messages import Order, OrderStep, Reveal, SealedOrder, Side, SlotState
from wire.reasons import Reason
from wire.slots import format_utc, parse_utc

METER_TOLERANCE = 1.1
CLOCK_TOLERANCE_S = 120
OF_TIME = (Reason.FOREIGN_SLOT, Reason.GATE_CLOSED, Reason.TOO_EARLY)


def admit_order(
    order: Order,
    digest: str,
    *,
    book: SlotBook,
    member: Member,
    terms: Terms,
    at_s: int,
    reserved_wh: tuple[int, int] = (0, 0),
) -> Admission:
    """Whether the order counts; `digest` is that of its payload, `at_s` the moment it came in.

    `reserved_wh` is what the member's block orders may buy and sell in the slot.
    """
    stage = terms.stage_named(order.stage)
    if stage is None:
        return Rejected(Reason.WRONG_STAGE, f"no stage {order.stage!r}", "stage")
    if not stage.takes_orders:
        return Rejected(Reason.NO_MARKET, f"{stage.mechanism} in stage {order.stage} takes no orders", "stage")
    if stage.sealed:
        return Rejected(Reason.SEALED_MARKET, f"{order.stage} takes sealed orders", "stage")
    earlier = book.held_orders(member.meter, order.stage)
    if any(held.digest == digest for held in earlier):
        return Accepted(repeated=True)
    last = max((held.order.sequence for held in earlier), default=0)
    return _not_in_time(order, last, book=book, member=member, terms=terms, at_s=at_s) or _check_steps(
        order, book, member, terms, reserved_wh
    )


def _not_in_time(
    order: Order | SealedOrder, last: int, *, book: SlotBook, member: Member, terms: Terms, at_s: int
) -> Rejected | None:
    """Why an order comes too late, too early, too often or behind sequence `last`; None when it does not."""
    if (closed := session_closed(order.stage, book, at_s)) is not None:
        return closed
    if book.messages.get(member.meter, 0) >= terms.messages_per_slot_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.messages_per_slot_max} orders for this slot")
    if order.sequence <= last:
        return stale(order.sequence, last)
    return None


def admit_sealed(
    sealed: SealedOrder, digest: str, *, book: SlotBook, member: Member, terms: Terms, at_s: int
) -> Admission:
    """Whether the commitment counts; what it hides is checked when it is revealed."""
    stage = terms.stage_named(sealed.stage)
    if stage is None:
        return Rejected(Reason.WRONG_STAGE, f"no stage {sealed.stage!r}", "stage")
    if not stage.sealed:
        return Rejected(Reason.NOT_SEALED, f"{sealed.stage} takes open orders", "stage")
    earlier = book.held_sealed(member.meter, sealed.stage)
    if any(held.digest == digest for held in earlier):
        return Accepted(repeated=True)
    last = max((held.sealed.sequence for held in earlier), default=0)
    late = _not_in_time(sealed, last, book=book, member=member, terms=terms, at_s=at_s)
    if late is None and sealed.round != book.session.gate.round:
        code = Reason.GATE_CLOSED if sealed.round < book.session.gate.round else Reason.TOO_EARLY
        late = Rejected(code, f"{book.slot.label} is in round {book.session.gate.round}", "round")
    if late is not None:
        return late
    if book.prices is None or not book.prices.has_market:
        return Rejected(Reason.NO_MARKET, f"{book.slot.label} has no local market", "slot")
    return Accepted()


def admit_reveal(reveal: Reveal, *, book: SlotBook, member: Member, terms: Terms, at_s: int) -> Admission:
    """Whether the reveal opens the meter's commitment in the current session, and with an order that may enter."""
    gate, held = book.session.gate, book.session.sealed.get(member.meter)
    stage = terms.stage_named(reveal.stage)
    if stage is not None and stage.in_rounds:
        return Rejected(Reason.WRONG_REVEAL, f"{reveal.stage} asks questions, nothing is revealed", "stage")
    if held is None or (reveal.stage, reveal.round) != (gate.stage, gate.round):
        return Rejected(Reason.WRONG_REVEAL, f"no sealed order of {member.meter} for {reveal.slot}", "slot")
    if reveal.sequence != held.sealed.sequence or _opens(reveal) != held.sealed.commitment:
        return Rejected(Reason.WRONG_REVEAL, f"not what sequence {held.sealed.sequence} commits to", "salt")
    if member.meter in book.orders:
        return Accepted(repeated=True)
    if book.state is not SlotState.GATE_CLOSED or at_s >= terms.clearing_s(gate):
        return Rejected(Reason.WRONG_REVEAL, f"{book.slot.label} is {book.state}", "slot")
    return _check_steps(revealed_order(reveal, held.sealed), book, member, terms, (0, 0))


def _opens(reveal: Reveal) -> str:
    entry = shown_order(
        reveal.steps, pseudonym="0" * 16, sequence=reveal.sequence, salt=reveal.salt, of=round_of(reveal)
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


def session_closed(stage: str, book: SlotBook, at_s: int) -> Rejected | None:
    """Why a stage takes no orders for the slot now; None when it does. Sessions follow one another."""
    gate, label = book.session.gate, book.slot.label
    if stage != gate.stage and any(s.gate.stage == stage for s in book.sessions[book.current :]):
        return Rejected(Reason.TOO_EARLY, f"{label} is still traded in stage {gate.stage}", "stage")
    own = [s.gate for s in book.sessions if s.gate.stage == stage]
    if stage != gate.stage or at_s >= gate.gate_s or book.state is not SlotState.GATE_OPEN:
        when = f"closed at {format_utc(own[-1].gate_s)}" if own else f"of stage {stage} is over"
        return Rejected(Reason.GATE_CLOSED, f"the gate of {label} {when}", "slot")
    if at_s < gate.opens_s:
        return Rejected(Reason.TOO_EARLY, f"{label} is beyond the trading horizon", "slot")
    return None


def by_clock(refused: Rejected, sent_at: str, at_s: int) -> Rejected:
    """The rejection, with the sender's clock named where that is far from the market's and the slot was refused."""
    off_s = parse_utc(sent_at) - at_s
    if refused.code not in OF_TIME or abs(off_s) <= CLOCK_TOLERANCE_S:
        return refused
    far = f"{round(abs(off_s) / 60)} min"
    if off_s > 0:
        why = f"its sent_at is {far} ahead of the market's clock: set the meter's clock"
    else:
        why = (
            f"its sent_at is {far} behind the market's clock: set the meter's clock, unless it was so long on its way"
        )
    return replace(refused, detail=f"{refused.detail[:70]}; {why}")


def stale(sequence: int, last: int) -> Rejected:
    """The rejection of a sequence that is not above the last one."""
    if sequence == last:
        return Rejected(Reason.CONFLICTING_SEQUENCE, f"sequence {last} came with another content", "sequence")
    return Rejected(Reason.STALE_SEQUENCE, f"sequence {sequence} is below {last}", "sequence")


def _check_steps(
    order: Order, book: SlotBook, member: Member, terms: Terms, reserved_wh: tuple[int, int]
) -> Admission:
    if len(order.steps) > terms.steps_max:
        return Rejected(Reason.TOO_MANY_STEPS, f"{len(order.steps)} steps, at most {terms.steps_max}", "steps")
    if book.prices is None or not book.prices.has_market:
        return Rejected(Reason.NO_MARKET, f"{book.slot.label} has no local market", "slot")
    buys = [step for step in order.steps if step.side == Side.BUY]
    sells = [step for step in order.steps if step.side == Side.SELL]
    held_wh = book.position_wh(member.meter)
    return (
        _outside_band(order, book.prices)
        or _not_monotone(buys, sells)
        or over_nameplate(_total(buys), held_wh + reserved_wh[0], member.nameplate_import_w, book.slot)
        or over_nameplate(_total(sells), -held_wh + reserved_wh[1], member.nameplate_export_w, book.slot)
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


def _total(steps: list[OrderStep]) -> int:
    return sum(step.energy_wh for step in steps)
