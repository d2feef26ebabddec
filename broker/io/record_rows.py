"""From sent messages to rows of the records' tables, in the tables' column order."""

from collections.abc import Iterable, Iterator

from broker.market.outgoing import Outgoing
from wire.codec import encode
from wire.messages import (
    Award,
    Checkpoint,
    Clearing,
    Receipt,
    Rejection,
    Settlement,
    StorageBid,
    StorageFlow,
    StorageGrant,
    StorageShare,
)

Value = str | int | bytes | None
Row = tuple[Value, ...]


def rows_of(sent: Iterable[tuple[int, Outgoing]]) -> Iterator[tuple[str, Row]]:
    """(table, row) of every message that is kept; each message comes with its cause's place in the journal."""
    last, ordinal = -1, 0
    for position, out in sent:
        ordinal = ordinal + 1 if position == last else 0
        last = position
        if not out.meter:
            yield "public", (position, ordinal, out.message.kind, encode(out.message))
        match out.message:
            case Clearing() as message:
                yield "clearing", _clearing(message)
            case Award() as message:
                yield "award", _award(message)
            case Settlement() as message:
                yield "settlement", _settlement(message)
            case Rejection() as message:
                yield "rejection", _rejection(position, ordinal, message)
            case Checkpoint() as message:
                yield "checkpoint", (message.size, message.slot, message.root, encode(message))
            case Receipt(of=StorageBid.kind) as message:
                yield "storage_bid", (position, ordinal, message.meter, message.slot, message.sequence)
            case StorageShare() as message:
                yield "storage_share", _storage_share(position, ordinal, message)
            case StorageGrant() as message:
                yield "storage_grant", _storage_grant(position, ordinal, message)
            case StorageFlow() as message:
                yield "storage_flow", _storage_flow(position, ordinal, message)
            case _:
                continue


def _clearing(message: Clearing) -> Row:
    return (
        message.slot,
        message.stage,
        message.round,
        message.mechanism,
        message.outcome,
        message.price_micro_per_kwh,
        message.price_low_micro_per_kwh,
        message.price_high_micro_per_kwh,
        message.volume_wh,
        message.orders,
        message.orders_root,
        encode(message),
    )


def _award(message: Award) -> Row:
    return (
        message.slot,
        message.stage,
        message.round,
        message.meter,
        message.sequence,
        message.bought_wh,
        message.sold_wh,
        message.position_wh,
        message.price_micro_per_kwh,
        message.reason.value,
        encode(message),
    )


def _settlement(message: Settlement) -> Row:
    return (
        message.meter,
        message.slot,
        message.quality,
        message.award_wh,
        message.metered_wh,
        message.total_nano,
        message.log_index,
        message.corrects,
        encode(message),
        message.note,
    )


def _rejection(position: int, ordinal: int, message: Rejection) -> Row:
    return (
        position,
        ordinal,
        message.meter,
        message.of,
        message.code.value,
        message.field,
        message.detail,
        message.slot,
        encode(message),
    )


def _storage_share(position: int, ordinal: int, message: StorageShare) -> Row:
    return (
        position,
        ordinal,
        message.meter,
        message.period,
        message.share_wh,
        message.price_micro_per_kwh,
        message.amount_nano,
        encode(message),
    )


def _storage_grant(position: int, ordinal: int, message: StorageGrant) -> Row:
    return (
        position,
        ordinal,
        message.meter,
        message.slot,
        message.requested_wh,
        message.granted_wh,
        message.handed_wh,
        message.losses_wh,
        message.level_wh,
        message.share_wh,
        encode(message),
    )


def _storage_flow(position: int, ordinal: int, message: StorageFlow) -> Row:
    return position, ordinal, message.meter, message.slot, message.flow_wh, message.charge_wh, encode(message)
