"""Block orders of a day-ahead auction: one of each member for tomorrow, up to the auction's gate."""

from conformance.broker_phases.ground import at_now, first_gate_s
from conformance.market_clock import WallClock
from conformance.probes.desk import FIRST, SECOND, Ground, Probe
from conformance.stand import Stand
from wire.calendar import local_day
from wire.messages import BlockBook, BlockOrder, Calendar, Clearing, Side, Stage, StageKind
from wire.slots import Slot, format_utc, slot_at

LENGTH = 2  # slots of a block
DAYS_S = 2 * 86_400
LONGEST_WAIT_S = 3_600  # on the machine's clock


async def blocks(stand: Stand, ground: Ground) -> None:
    """Both members order a block for the next day that is auctioned, and wait for what is published of them."""
    stage = _stage(ground.calendar)
    first = None if stage is None else _first_slot(stand.clock.now_s(), stage, ground.calendar)
    if stage is None or first is None:
        return
    gate_s = first_gate_s(ground.calendar, stage, first)
    if gate_s is None or (isinstance(stand.clock, WallClock) and gate_s > stand.clock.now_s() + LONGEST_WAIT_S):
        return
    g = at_now(stand, ground, first)
    await stand.send([_block(g, stage, FIRST, Side.BUY)])
    await stand.send([_block(g, stage, SECOND, Side.SELL)])
    stand.says(f"waiting until {format_utc(gate_s)} for the gate of the day-ahead auction")
    await stand.clock.reach(gate_s)
    await stand.hears(BlockBook, stage=stage.stage, gate=format_utc(gate_s))
    await stand.hears(Clearing, stage=stage.stage, slot=first.shifted(LENGTH - 1).label)


def _stage(calendar: Calendar) -> Stage | None:
    found = [s for s in calendar.stages if s.kind is StageKind.DAY_AHEAD and s.takes_orders]
    return found[0] if found and calendar.blocks_max else None


def _first_slot(now_s: int, stage: Stage, calendar: Calendar) -> Slot | None:
    """The first slot of the next day whose auction has not closed."""
    assert stage.time_zone is not None, "a day-ahead stage has one"
    slot = slot_at(now_s, calendar.slot_minutes).shifted(1)
    while slot.start_s < now_s + DAYS_S:
        begins = local_day(stage.time_zone, slot.start_s) != local_day(stage.time_zone, slot.start_s - 1)
        if begins and (first_gate_s(calendar, stage, slot) or 0) > now_s:
            return slot
        slot = slot.shifted(1)
    return None


def _block(g: Ground, stage: Stage, client: str, side: Side) -> Probe:
    order = BlockOrder(
        community=g.community,
        meter=g.member(client).meter,
        stage=stage.stage,
        block=f"tck-{client}",
        sequence=1,
        side=side,
        price_micro_per_kwh=g.high if side is Side.BUY else g.low,
        first_slot=g.slot.label,
        energy_wh=(100,) * LENGTH,
        accepted_min_permille=1000,
        parent=None,
        group=None,
        sent_at=g.now,
    )
    return g.signed(f"block.{client}", client, order)
