"""The single messages that the halves of a household record stand for."""

from wire.batch import SELL, STEPS_MAX, Batch
from wire.messages import MeterReport, Order, OrderStep, Side
from wire.slots import format_utc


def order_of(batch: Batch, row: int, community: str, sent_at: str) -> Order:
    """The order half of a record.

    Raises: ValueError or OverflowError when no order has such numbers.
    """
    record = batch.records[row]
    half = record["order"]
    count = int(half["steps"])
    rows = list(zip(half["side"].tolist(), half["price"].tolist(), half["energy"].tolist(), strict=True))
    if count > STEPS_MAX or any(side > SELL for side, *_ in rows[:count]):
        raise ValueError("an order has at most four steps, each buys (0) or sells (1)")
    if any(any(unused) for unused in rows[count:]):
        raise ValueError("steps that are not used are zero")
    return Order(
        community=community,
        meter=record["meter"].decode(),
        stage=batch.stage,
        slot=format_utc(batch.slot_s),
        sequence=int(half["sequence"]),
        steps=tuple(
            OrderStep(side=Side.SELL if side == SELL else Side.BUY, price_micro_per_kwh=price, energy_wh=energy)
            for side, price, energy in rows[:count]
        ),
        sent_at=sent_at,
    )


def report_of(batch: Batch, row: int, community: str) -> MeterReport:
    """The report half of a record.

    Raises: ValueError or OverflowError when no report has such numbers.
    """
    record = batch.records[row]
    half = record["report"]
    if half["estimated"] > 1:
        raise ValueError("a report is measured (0) or estimated (1)")
    return MeterReport(
        community=community,
        meter=record["meter"].decode(),
        slot=format_utc(int(half["slot"])),
        sequence=int(half["sequence"]),
        import_from_wh=int(half["import_from"]),
        import_to_wh=int(half["import_to"]),
        export_from_wh=int(half["export_from"]),
        export_to_wh=int(half["export_to"]),
        quality="estimated" if half["estimated"] else "measured",
        replaces=None,
    )
