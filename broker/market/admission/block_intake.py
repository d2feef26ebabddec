"""Whether a block order may enter a day-ahead auction: every check, in one order, without touching the books."""

from collections.abc import Mapping

from broker.market.admission.intake import session_closed, stale
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.limits import over_nameplate, slot_of
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Member, Terms
from wire.messages import BlockOrder, Side, StageKind
from wire.reasons import Reason

PRICED = "uniform_price_k_double_auction"  # the only auction of which block orders are a part


def admit_block(
    order: BlockOrder,
    digest: str,
    *,
    day: DayBook,
    books: Mapping[int, SlotBook],
    member: Member,
    terms: Terms,
    at_s: int,
) -> Admission:
    """Whether the block counts; `day` is that of its first slot, `at_s` the moment it came in."""
    key, first = (member.meter, order.block), slot_of(order.first_slot, terms)
    assert not isinstance(first, Rejected), "the day was found by it"
    if (wrong := _wrong_stage(order, terms)) is not None:
        return wrong
    held = day.blocks.get(key)
    if held is not None and held.digest == digest:
        return Accepted(repeated=True)
    if (closed := session_closed(order.stage, books[first.start_s], at_s)) is not None:
        return closed
    if day.messages.get(key, 0) >= terms.messages_per_slot_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.messages_per_slot_max} messages for this block")
    if held is None and day.count_of(member.meter) >= terms.blocks_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.blocks_max} blocks of one meter")
    if held is not None and order.sequence <= held.order.sequence:
        return stale(order.sequence, held.order.sequence)
    if order.parent == order.block:
        return Rejected(Reason.BAD_LINK, f"block {order.block} hangs on itself", "parent")
    return _check_profile(order, day, books, member, first.start_s)


def _wrong_stage(order: BlockOrder, terms: Terms) -> Rejected | None:
    stage = terms.stage_named(order.stage)
    if stage is None or stage.kind is not StageKind.DAY_AHEAD:
        return Rejected(Reason.WRONG_STAGE, f"{order.stage!r} is no day-ahead stage", "stage")
    if stage.mechanism != PRICED:
        return Rejected(Reason.NO_MARKET, f"{stage.mechanism} takes no block orders", "stage")
    return None


def _check_profile(
    order: BlockOrder, day: DayBook, books: Mapping[int, SlotBook], member: Member, first_s: int
) -> Admission:
    gate = books[first_s].session.gate
    used: list[SlotBook] = []
    for i, energy_wh in enumerate(order.energy_wh):
        if not energy_wh:
            continue
        book, field = books.get(first_s + i * day.width_s), f"energy_wh.{i}"
        if book is None or book.session.gate.gate_s != gate.gate_s or book.session.gate.stage != gate.stage:
            return Rejected(Reason.FOREIGN_SLOT, "the profile leaves the day of its first slot", field)
        if book.prices is None or not book.prices.has_market:
            return Rejected(Reason.NO_MARKET, f"{book.slot.label} has no local market", field)
        if (over := _over_nameplate(order, energy_wh, day, book, member)) is not None:
            return Rejected(over.code, f"{book.slot.label}: {over.detail}", field)
        used.append(book)
    prices = [book.prices for book in used if book.prices is not None]
    low, high = min((p.feed_in_micro for p in prices), default=0), max((p.retail_micro for p in prices), default=0)
    if used and not low <= order.price_micro_per_kwh <= high:
        detail = f"{order.price_micro_per_kwh} is outside [{low}, {high}]"
        return Rejected(Reason.PRICE_OUT_OF_BAND, detail, "price_micro_per_kwh")
    return Accepted()


def _over_nameplate(
    order: BlockOrder, energy_wh: int, day: DayBook, book: SlotBook, member: Member
) -> Rejected | None:
    """The block with the meter's position, its simple order and its other blocks; its own group shares one place."""
    buys = order.side is Side.BUY
    simple = book.orders.get(member.meter)
    steps_wh = sum(s.energy_wh for s in simple.order.steps if s.side is order.side) if simple else 0
    others_wh = day.reserved_wh(member.meter, book.slot.start_s, order.side, without=order.block)
    grouped = [
        held.profile_wh(book.slot.start_s, day.width_s)
        for (meter, name), held in day.blocks.items()
        if meter == member.meter and name != order.block and held.order.side is order.side
        if order.group is not None and held.order.group == order.group
    ]
    shared_wh = min(energy_wh, max(grouped, default=0))
    held_wh = book.position_wh(member.meter)
    return over_nameplate(
        energy_wh,
        (held_wh if buys else -held_wh) + steps_wh + others_wh - shared_wh,
        member.nameplate_import_w if buys else member.nameplate_export_w,
        book.slot,
    )
