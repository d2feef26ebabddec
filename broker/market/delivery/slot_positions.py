"""What is known of the members of a slot, as the positions that settlement takes."""

from broker.market.delivery.missing_readings import awarded_wh
from broker.market.sessions.slot_book import STORAGE_POOL, Holding, SlotBook
from broker.settlement.slot import Position, Traded
from wire.messages import SettlementItem


def current_positions(book: SlotBook) -> list[Position]:
    """The members of a slot with what is known of them now, by ascending meter."""
    called = {part.meter for part in book.called}
    paid = {meter for payment in book.stored for meter in payment.members}
    meters = {*book.reports, *book.estimates, *book.holdings, *called, *paid} if book.prices is not None else set()
    return [
        _position(book, meter, *_reading(book, meter)) for meter in sorted(meters | {*book.subscribers, *book.basis})
    ]


def _reading(book: SlotBook, meter: str) -> tuple[int, bool]:
    """The net energy of a member [Wh, + import], and whether it was measured."""
    held = book.reports.get(meter)
    if book.prices is None:
        return 0, False
    if held is None:
        return book.estimates.get(meter, awarded_wh(book, meter)), False
    return held.net_wh, held.is_measured


def settled_positions(book: SlotBook) -> list[Position]:
    """The members of a settled slot with what they were settled on, by ascending meter."""
    return [_position(book, meter, b.metered_wh, b.is_measured) for meter, b in sorted(book.basis.items())]


def _position(book: SlotBook, meter: str, metered_wh: int, is_measured: bool) -> Position:
    parts = book.holdings.get(meter, [])
    return Position(
        meter=meter,
        award_wh=awarded_wh(book, meter),
        award_nano=sum(part.amount_nano for part in parts),
        award_price_micro=parts[0].price_micro if len(parts) == 1 else None,
        parts=tuple(_traded(part) for part in parts),
        metered_wh=metered_wh,
        is_measured=is_measured,
        retail_micro=book.prices.retail_micro if book.prices else 0,
        feed_in_micro=book.prices.feed_in_micro if book.prices else 0,
    )


def _traded(part: Holding) -> Traded:
    return Traded(part.energy_wh, part.amount_nano, part.price_micro, _item(part), part.pool)


def _item(part: Holding) -> SettlementItem:
    if part.pool == STORAGE_POOL:
        return SettlementItem.STORAGE
    return SettlementItem.AWARD if part.counterparty is None else SettlementItem.CONTRACT
