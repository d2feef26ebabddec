"""After the slot: reports, the settlement and its correction, and a client that comes late."""

from conformance.broker_phases.ground import QUIET_S, at_now
from conformance.market_clock import WallClock
from conformance.probes import orders
from conformance.probes.desk import FIRST, SECOND, Ground, buy
from conformance.stand import Stand
from wire.messages import (
    Award,
    Conditions,
    MeterReport,
    Receipt,
    Settlement,
)
from wire.slots import format_utc, slot_at
from wire.topics import meter_inbox, public_inbox


async def delivery(stand: Stand, ground: Ground) -> None:
    """After the slot: reports that do not hold and ones that do, the settlement, and a correction of it."""
    stand.says(f"waiting until {format_utc(ground.slot.end_s)} for the end of the slot")
    await stand.clock.reach(ground.slot.end_s)
    g = at_now(stand, ground)
    start = g.register_wh
    none = (start, start)
    huge_wh = 2 * g.carries_wh[0] + 1_000
    first = _report(g, FIRST, (start, start + 320), none)
    second = _report(g, SECOND, none, (start, start + 250))
    await stand.send([g.signed("report.falls", FIRST, _report(g, FIRST, (start, start - 1), none))])
    await stand.send([g.signed("report.too_much", FIRST, _report(g, FIRST, (start, start + huge_wh), none))])
    await stand.send([g.signed("report.first", FIRST, first)])
    await stand.send([g.signed("report.again", FIRST, first)])
    await stand.send([g.signed("report.conflict", FIRST, _report(g, FIRST, (start, start + 321), none))])
    newer = _report(g, FIRST, (start, start + 330), none, sequence=2)
    await stand.send([g.signed("report.no_reason", FIRST, newer)])
    estimate = _report(g, FIRST, (start, start + 330), none, sequence=2, is_measured=False)
    await stand.send([g.signed("report.estimate", FIRST, estimate)])
    await stand.send([g.signed("report.second", SECOND, second)])
    if not await _settled(stand, g):
        return
    replaced = newer.model_copy(update={"replaces": "meter read again"})
    since = stand.place
    await stand.send([g.signed("report.replaced", FIRST, replaced)])
    await stand.hears(Settlement, g.first.meter, since=since, slot=g.slot.label)


async def _settled(stand: Stand, g: Ground) -> bool:
    """Whether both got their settlement: at once, or when the time for the reports of the other members is over."""
    for member in (g.first, g.second):
        if not await stand.hears(Settlement, member.meter, slot=g.slot.label):
            end_s = g.slot.end_s + g.calendar.report_within_s
            stand.says(f"waiting until {format_utc(end_s)} for the settlement: other members have not reported")
            await stand.clock.reach(end_s)
            if not await stand.hears(Settlement, member.meter, slot=g.slot.label):
                return False
    return True


def _report(
    g: Ground,
    client: str,
    imports_wh: tuple[int, int],
    exports_wh: tuple[int, int],
    *,
    sequence: int = 1,
    is_measured: bool = True,
) -> MeterReport:
    return orders.report(g, client, imports_wh, exports_wh, sequence=sequence, is_measured=is_measured)


async def following(stand: Stand, ground: Ground) -> None:
    """The slots after it: registers that fall between slots, and a slot that nobody reports."""
    following = ground.slot.shifted(1)
    if not stand.heard(Receipt, ground.first.meter, slot=following.label):
        return
    await stand.clock.reach(following.end_s)
    g = at_now(stand, ground, following)
    start = ground.register_wh
    below = _report(g, FIRST, (start - 500, start - 400), (start, start))
    await stand.send([g.signed("report.below", FIRST, below)])
    traded = following.shifted(1)
    if isinstance(stand.clock, WallClock):
        return
    await stand.clock.reach(traded.end_s + ground.calendar.report_within_s)
    if stand.heard(Award, ground.second.meter, slot=traded.label):
        await stand.hears(Settlement, ground.second.meter, slot=traded.label)
    stand.recorder.mark("nobody reported")


async def later(stand: Stand, ground: Ground, correct_within_s: int | None) -> None:
    """An order where feed-in exceeds retail, if there is such a slot; a correction that comes too late."""
    if isinstance(stand.clock, WallClock):
        return
    g = at_now(stand, ground, slot_at(stand.clock.now_s(), ground.calendar.slot_minutes).shifted(1))
    known = stand.heard(Conditions, slot=g.slot.label)
    if known and known[-1].feed_in_micro_per_kwh > known[-1].retail_micro_per_kwh:
        await stand.send([g.signed("order.no_market", FIRST, g.order(FIRST, 1, buy(g.low, 100)))])
    if correct_within_s is not None and "report.replaced" in stand.read().sent:
        await stand.clock.reach(ground.slot.end_s + correct_within_s + 1)
        g = at_now(stand, ground)
        late = _report(g, FIRST, (g.register_wh, g.register_wh + 340), (g.register_wh,) * 2, sequence=3)
        late = late.model_copy(update={"replaces": "meter read once more"})
        await stand.send([g.signed("report.too_late", FIRST, late)])


async def late_join(stand: Stand) -> None:
    """A client that comes late: what it is sent first is what the server has kept."""
    stand.recorder.mark("late join")
    await stand.link.open(
        "late", stand.first, [public_inbox(stand.community), meter_inbox(stand.community, stand.first.meter)]
    )
    await stand.recorder.quiet(QUIET_S, stand.within_s)
