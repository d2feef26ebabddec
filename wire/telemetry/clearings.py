"""A clearing as a point: home and broker write the same one, so that it does not matter whose arrives."""

from wire.messages import Clearing as Message
from wire.slots import parse_utc
from wire.telemetry.community import Clearing
from wire.telemetry.point import Point, point


def clearing_point(cleared: Message) -> Point:
    """The point of a clearing, at the slot that it clears."""
    return point(
        Clearing,
        parse_utc(cleared.slot),
        {
            Clearing.community: cleared.community,
            Clearing.stage: cleared.stage,
            Clearing.mechanism: cleared.mechanism,
            Clearing.round: str(cleared.round),
        },
        {
            Clearing.price_micro_per_kwh: cleared.price_micro_per_kwh,
            Clearing.price_low_micro_per_kwh: cleared.price_low_micro_per_kwh,
            Clearing.price_high_micro_per_kwh: cleared.price_high_micro_per_kwh,
            Clearing.buyer_price_micro_per_kwh: cleared.buyer_price_micro_per_kwh,
            Clearing.seller_price_micro_per_kwh: cleared.seller_price_micro_per_kwh,
            Clearing.volume_wh: cleared.volume_wh,
            Clearing.lost_wh: cleared.lost_wh,
            Clearing.orders: cleared.orders,
            Clearing.unrevealed: cleared.unrevealed,
            Clearing.surplus_nano: cleared.surplus_nano,
            Clearing.outcome: cleared.outcome,
            Clearing.is_cleared: int(cleared.outcome in ("cleared", "shared")),
            Clearing.is_no_trade: int(cleared.outcome == "no_trade"),
            Clearing.is_no_market: int(cleared.outcome == "no_market"),
        },
    )
