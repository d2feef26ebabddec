"""The two members of a sandbox that always trade: one buys, one sells, at prices that wander. Pure."""

from twin.sandbox.files import BUYER, COMMUNITY, SELLER, key_of
from wire.codec import encode
from wire.messages import MeterReport, Order, OrderStep, PlanNotice, Side
from wire.signing import seal
from wire.slots import Slot, format_utc
from wire.topics import topic

AHEAD = 2  # they order that many slots before delivery, so that a guest sees a market it can join
ENERGY_WH = 400
LOW, WIDTH = 120_000, 160_000


def price_at(slot: Slot) -> int:
    """What the seller asks in a slot: it wanders through the band within 17 slots."""
    return LOW + slot.start_s // slot.duration_s % 17 * WIDTH // 17


def frames_at(slot: Slot) -> list[tuple[str, bytes]]:
    """(topic, frame) of everything the partners send when a slot begins: orders, plans, reports of the one before."""
    traded, over = slot.shifted(AHEAD), slot.shifted(-1)
    messages: list[Order | PlanNotice | MeterReport] = []
    for meter, side, margin in ((BUYER, Side.BUY, 20_000), (SELLER, Side.SELL, 0)):
        messages += [
            _order(meter, side, traded, price_at(traded) + margin, format_utc(slot.start_s)),
            _plan(meter, side, slot),
            _report(meter, side, over),
        ]
    return [
        (
            topic(message.kind, COMMUNITY, message.meter),
            seal(key_of(message.meter), message.kind, COMMUNITY, encode(message)),
        )
        for message in messages
    ]


def _order(meter: str, side: Side, slot: Slot, price: int, sent_at: str) -> Order:
    return Order(
        community=COMMUNITY,
        meter=meter,
        stage="intraday",
        slot=slot.label,
        sequence=1,
        steps=(OrderStep(side=side, price_micro_per_kwh=price, energy_wh=ENERGY_WH),),
        sent_at=sent_at,
    )


def _plan(meter: str, side: Side, slot: Slot) -> PlanNotice:
    net_wh = ENERGY_WH if side is Side.BUY else -ENERGY_WH
    return PlanNotice(
        community=COMMUNITY,
        meter=meter,
        round=slot.start_s // slot.duration_s,
        first_slot=slot.label,
        net_wh=(net_wh,) * 12,
    )


def _report(meter: str, side: Side, slot: Slot) -> MeterReport:
    """Registers that count from 1970 on: every slot the same energy, so that they never fall."""
    start = slot.start_s // slot.duration_s * ENERGY_WH
    moved, still = (start, start + ENERGY_WH), (0, 0)
    imports, exports = (moved, still) if side is Side.BUY else (still, moved)
    return MeterReport(
        community=COMMUNITY,
        meter=meter,
        slot=slot.label,
        sequence=1,
        import_from_wh=imports[0],
        import_to_wh=imports[1],
        export_from_wh=exports[0],
        export_to_wh=exports[1],
        quality="measured",
        replaces=None,
    )
