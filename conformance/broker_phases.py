"""The phases of a run against a broker, in their order; verdicts come later, from the transcript."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conformance.market_clock import DrivenClock
from conformance.probes import frames, orders, sealed
from conformance.probes.desk import FIRST, SECOND, Ground, buy, sell, topic_of
from conformance.stand import Stand
from wire.calendar import gates
from wire.codec import digest, encode
from wire.messages import (
    Acceptance,
    Award,
    Calendar,
    Clearing,
    Conditions,
    Contract,
    Gate,
    Hello,
    MeterReport,
    Path,
    Proposal,
    Receipt,
    ServiceStatus,
    Settlement,
    Stage,
    StageKind,
    StatusAnswer,
    Welcome,
)
from wire.signing import seal
from wire.slots import Slot, format_utc, slot_at
from wire.topics import ROOT, meter_inbox, public_inbox

Hook = Callable[[], Awaitable[None]]
SOFTWARE = "hearthgrid test kit"
REGISTER_WH = 1_000_000
QUIET_S = 0.3
COUNTABLE = 200  # quotas above this are not tried
ROOM_S = 45  # on the machine's clock the probes need that long before the gate
CONTRACT = "tck-contract"
REFUSED = "tck-refused"


class Stopped(Exception):
    """The run cannot go on; what was heard so far is judged."""


async def membership(stand: Stand) -> None:
    """Hello of all; a stranger and a suspended member are answered too."""
    now = format_utc(stand.clock.now_s())
    for client, member in ((FIRST, stand.first), (SECOND, stand.second)):
        hello = Hello(community=stand.community, meter=member.meter, software=SOFTWARE, sent_at=now)
        await stand.link.publish(
            client,
            topic_of(stand.community, member.meter, hello.kind),
            seal(member.key, hello.kind, stand.community, encode(hello)),
        )
        if not await stand.hears(Welcome, member.meter):
            raise Stopped(
                f"no welcome for {member.meter}: is it enrolled with the public key {member.key.public_hex}?"
            )
    if not await stand.hears(Conditions):
        raise Stopped("no conditions: a broker publishes outside prices before it takes orders")


async def chosen(stand: Stand) -> Ground:
    """The slot and the stage to test: the first whose gate leaves time, among stages of open orders."""
    calendar = stand.heard(Calendar)[-1]
    stage = _open_stage(calendar)
    for _ in range(3):
        now_s = stand.clock.now_s()
        conditions = stand.heard(Conditions)[-1]
        slot = slot_at(now_s, calendar.slot_minutes).shifted(1)
        while _gate_s(calendar, stage, slot) is None or _gate_s(calendar, stage, slot) <= now_s + ROOM_S:  # type: ignore[operator]
            slot = slot.shifted(1)
        known = stand.heard(Conditions, slot=slot.label)
        if known or slot.label == conditions.slot:
            return _ground(stand, calendar, (known or [conditions])[-1], stage, slot)
        stand.says(f"waiting until {slot.shifted(-1).label} for the conditions of {slot.label}")
        await stand.clock.reach(slot.shifted(-1).start_s)
        await stand.hears(Conditions, slot=slot.label)
    raise Stopped("no conditions for a slot that is still traded: the broker publishes them too late")


def _open_stage(calendar: Calendar) -> Stage:
    for stage in calendar.stages:
        if stage.kind is StageKind.INTRADAY and stage.takes_orders and not stage.sealed:
            return stage
    raise Stopped("the calendar has no intraday stage of open orders: give the broker under test one")


def _gate_s(calendar: Calendar, stage: Stage, slot: Slot) -> int | None:
    found = [gate.gate_s for gate in gates(calendar.stages, slot) if gate.stage == stage.stage]
    return found[0] if found else None


def _ground(stand: Stand, calendar: Calendar, conditions: Conditions, stage: Stage, slot: Slot) -> Ground:
    welcome = stand.heard(Welcome, stand.first.meter)[-1]
    minutes = calendar.slot_minutes
    return Ground(
        community=stand.community,
        members=stand.members,
        calendar=calendar,
        conditions=conditions,
        stage=stage,
        slot=slot,
        now_s=stand.clock.now_s(),
        carries_wh=(welcome.nameplate_import_w * minutes // 60, welcome.nameplate_export_w * minutes // 60),
    )


def _now(stand: Stand, ground: Ground, slot: Slot | None = None) -> Ground:
    return replace(ground, now_s=stand.clock.now_s(), slot=slot or ground.slot)


async def refusals(stand: Stand, ground: Ground) -> None:
    """Everything that has to be refused before the first order counts; then the broker holds nothing."""
    await stand.send(frames.bad_frames(ground))
    await stand.send(frames.bad_payloads(ground))
    await stand.send(orders.refused_orders(ground))
    await stand.send(orders.refused_others(ground))
    await stand.post(frames.unknown_kind(ground))
    await stand.send(frames.outsiders(ground))
    bad = orders.plan(ground, "plan.bad_signature", FIRST, 1, 10)
    forged = seal(ground.second.key, "plan", ground.community, bad.frame.split(b".", 2)[2])
    await stand.send([ground.raw("plan.bad_signature", FIRST, "plan", forged)])
    await asks(stand, ground, "query.nothing", FIRST)


async def asks(stand: Stand, ground: Ground, label: str, client: str) -> None:
    """A query, and its answer."""
    since = stand.place
    await stand.post(orders.query(_now(stand, ground), label, client))
    await stand.hears(StatusAnswer, ground.member(client).meter, since=since, slot=ground.slot.label)


async def entering(stand: Stand, ground: Ground) -> None:
    """Orders that enter, replace each other and come again."""
    g = _now(stand, ground)
    for probe in frames.good_frames(g):
        await stand.send([probe])
    await stand.send([g.signed("order.first", FIRST, g.order(FIRST, 3, buy(g.high, 300)))])
    await stand.send([g.signed("order.second", SECOND, g.order(SECOND, 1, sell(g.low, 250)))])
    await stand.send([g.signed("order.stale", FIRST, g.order(FIRST, 2, buy(g.high, 301)))])
    await stand.send([g.signed("order.conflict", FIRST, g.order(FIRST, 3, buy(g.high, 302)))])
    final = g.signed("order.final", FIRST, g.order(FIRST, 4, buy(g.high, 200), buy(g.low + 1, 100)))
    await stand.send([final])
    await stand.send([replace(final, label="order.again")])
    await stand.send([g.signed("order.lower", FIRST, g.order(FIRST, 3, buy(g.high, 303)))])
    await asks(stand, g, "query.held", FIRST)


async def plans(stand: Stand, ground: Ground) -> None:
    """Plans of both, and one that replaces another; they are heard in the path."""
    g = _now(stand, ground)
    since = stand.place
    await stand.post(orders.plan(g, "plan.first", FIRST, 1, 170))
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    stand.recorder.mark("one plan")
    await stand.post(orders.plan(g, "plan.second", SECOND, 1, -50))
    if g.calendar.group_min <= 2:
        await stand.hears(Path, since=since)
    since = stand.place
    await stand.post(orders.plan(g, "plan.newer", FIRST, 2, 270))
    if g.calendar.group_min <= 2:
        await stand.hears(Path, since=since)


async def contracts(stand: Stand, ground: Ground) -> None:
    """A contract between both, agreed, and one that is refused; only where the calendar has bilateral trade."""
    if all(stage.kind is not StageKind.BILATERAL for stage in ground.calendar.stages):
        return
    g = _now(stand, ground, ground.slot.shifted(1))
    for name, accepts in ((CONTRACT, True), (REFUSED, False)):
        asked = orders.proposal(g, g.second.meter, name)
        await stand.send([g.signed(f"{name}.proposal", FIRST, asked)])
        answer = _answer(g, asked, accepts=accepts)
        await stand.send([g.signed(f"{name}.answer", SECOND, answer)])
        state = "agreed" if accepts else "refused"
        for member in (g.first, g.second):
            await stand.hears(Contract, member.meter, contract=name, state=state)


def _answer(g: Ground, asked: Proposal, *, accepts: bool) -> Acceptance:
    return Acceptance(
        community=g.community,
        meter=g.second.meter,
        proposer=g.first.meter,
        contract=asked.contract,
        proposal_digest=digest(encode(asked)),
        accepts=accepts,
        sent_at=g.now,
    )


async def quotas(stand: Stand, ground: Ground) -> None:
    """In the next slot: one order that is withdrawn; as many refused orders as count, and one more; plans."""
    g = _now(stand, ground, ground.slot.shifted(1))
    if not _is_open(g):
        return
    await stand.send([g.signed("withdraw.order", FIRST, g.order(FIRST, 1, buy(g.high, 100)))])
    await stand.send([g.signed("withdraw.nothing", FIRST, g.order(FIRST, 2))])
    most = g.calendar.messages_per_slot_max
    if most <= COUNTABLE:
        refused = [
            g.signed(f"quota.{i}", SECOND, g.order(SECOND, i, sell(g.low - 1, 100))) for i in range(1, most + 1)
        ]
        await stand.send(refused)
        await stand.send([g.signed("quota.order", SECOND, g.order(SECOND, most + 1, sell(g.low, 100)))])
    rounds = g.calendar.path_rounds_max
    if rounds <= COUNTABLE:
        for i in range(rounds + 1):
            await stand.post(orders.plan(g, f"quota.plan.{i}", SECOND, 100 + i, -50 - i))
        await stand.recorder.quiet(QUIET_S, stand.within_s)


def _is_open(g: Ground) -> bool:
    found = [gate for gate in gates(g.calendar.stages, g.slot) if gate.stage == g.stage.stage]
    return bool(found) and found[0].opens_s <= g.now_s < found[0].gate_s


async def access(stand: Stand, ground: Ground) -> None:
    """What the MQTT server has to stop: reading another's inbox, publishing as the broker and as another meter."""
    g = _now(stand, ground)
    await stand.link.subscribe(SECOND, [meter_inbox(stand.community, g.first.meter)])
    stand.recorder.mark("access")
    root = f"{ROOT}/{stand.community}"
    await stand.link.attempt(stand.second, f"{root}/public/tck", b"tck-forged-public")
    await stand.link.attempt(stand.second, f"{root}/member/{g.first.meter}/tck", b"tck-forged-member")
    await stand.post(orders.query(g, "access.query", FIRST), forbidden_to=SECOND)
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    stand.recorder.mark("access over")
    await asks(stand, g, "query.after_access", FIRST)


async def killed(stand: Stand, ground: Ground, kill: Hook, start: Hook) -> None:
    """The broker is killed right after a receipt, and started again."""
    g = _now(stand, ground, ground.slot.shifted(2))
    if not _is_open(g):
        return
    last = g.signed("durable.order", FIRST, g.order(FIRST, 1, buy(g.high, 120)))
    await stand.send([last])
    since = stand.place
    stand.recorder.mark("killed")
    await kill()
    await stand.hears(ServiceStatus, since=since, state="offline")
    restarts = stand.clock.restarts + 1 if isinstance(stand.clock, DrivenClock) else 0
    since = stand.place
    stand.recorder.mark("started again")
    await start()
    if not await stand.recorder.until(
        lambda: bool(stand.heard(ServiceStatus, since=since, state="online")), 6 * stand.within_s
    ):
        raise Stopped("the broker did not come back after it was killed and started again")
    if isinstance(stand.clock, DrivenClock):
        await stand.clock.caught_up(restarts)
    await stand.hears(Calendar, since=since)
    await asks(stand, g, "query.durable", FIRST)
    await stand.send([replace(last, label="durable.again")])


async def closing(stand: Stand, ground: Ground) -> None:
    """The gate of the open stage: a clearing, awards, the book; then what comes too late."""
    gate_s = _gate_s(ground.calendar, ground.stage, ground.slot)
    assert gate_s is not None, "the ground was chosen by it"
    stand.says(f"waiting until {format_utc(gate_s)} for the gate")
    g = _now(stand, ground, ground.slot.shifted(2))
    if _is_open(g):
        await stand.send([g.signed("order.third", SECOND, g.order(SECOND, 1, sell(g.low, 120)))])
        await stand.send([g.signed("order.fourth", FIRST, g.order(FIRST, 2, buy(g.high, 120)))])
    sealed_stage = _sealed_stage(ground)
    if sealed_stage is not None and _gate_s(ground.calendar, sealed_stage, ground.slot) != gate_s:
        early = replace(_now(stand, ground), stage=sealed_stage)
        await stand.send([sealed.sealed(early, "sealed.too_early", FIRST, buy(ground.high, 50))])
    await stand.clock.reach(gate_s)
    slot, stage = ground.slot.label, ground.stage.stage
    await stand.hears(Gate, slot=slot, stage=stage)
    await stand.hears(Clearing, slot=slot, stage=stage)
    for member in (ground.first, ground.second):
        await stand.hears(Award, member.meter, slot=slot, stage=stage)
    g = _now(stand, ground)
    await stand.send([g.signed("order.late", FIRST, g.order(FIRST, 5, buy(g.high, 100)))])
    final = stand.read().sent.get("order.final")
    if final is not None:
        again = g.raw("order.final_late", FIRST, "order", final[1].frame)
        await stand.send([again])


def _sealed_stage(ground: Ground) -> Stage | None:
    found = [s for s in ground.calendar.stages if s.sealed and not s.in_rounds and s.kind is StageKind.INTRADAY]
    return found[0] if found else None


async def sealing(stand: Stand, ground: Ground) -> None:
    """A sealed stage after the open one: commitments, a reveal too early, a wrong one and a right one."""
    stage = _sealed_stage(ground)
    gate_s = None if stage is None else _gate_s(ground.calendar, stage, ground.slot)
    if stage is None or gate_s is None or gate_s <= stand.clock.now_s():
        return
    g = replace(_now(stand, ground), stage=stage)
    step, other = buy(g.high, 60), sell(g.low, 40)
    await stand.send([sealed.sealed(g, "sealed.first", FIRST, step)])
    await stand.send([sealed.sealed(g, "sealed.second", SECOND, other)])
    await stand.send([g.signed("sealed.open_order", FIRST, g.order(FIRST, 9, step))])
    await stand.send([sealed.reveal(g, "sealed.early", FIRST, step)])
    stand.says(f"waiting until {format_utc(gate_s)} for the gate of the sealed stage")
    await stand.clock.reach(gate_s)
    await stand.hears(Gate, slot=g.slot.label, stage=stage.stage)
    await stand.send([sealed.reveal(g, "sealed.wrong", FIRST, step, salt=sealed.OTHER_SALT)])
    await stand.send([sealed.reveal(g, "sealed.reveal", FIRST, step)])
    await stand.clock.reach(gate_s + stage.reveal_within_s)
    await stand.hears(Clearing, slot=g.slot.label, stage=stage.stage)
    await stand.hears(Award, g.first.meter, slot=g.slot.label, stage=stage.stage)


async def delivery(stand: Stand, ground: Ground) -> None:
    """After the slot: reports that do not hold and ones that do, the settlement, and a correction of it."""
    stand.says(f"waiting until {format_utc(ground.slot.end_s)} for the end of the slot")
    await stand.clock.reach(ground.slot.end_s)
    g = _now(stand, ground)
    start, none = REGISTER_WH, (5_000, 5_000)
    huge_wh = 2 * g.carries_wh[0] + 1_000
    first = _report(g, FIRST, (start, start + 320), none)
    second = _report(g, SECOND, (start, start), (5_000, 5_250))
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
    for member in (g.first, g.second):
        await stand.hears(Settlement, member.meter, slot=g.slot.label)
    replaced = newer.model_copy(update={"replaces": "meter read again"})
    since = stand.place
    await stand.send([g.signed("report.replaced", FIRST, replaced)])
    await stand.hears(Settlement, g.first.meter, since=since, slot=g.slot.label)


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
    g = _now(stand, ground, following)
    none = (5_000, 5_000)
    below = _report(g, FIRST, (REGISTER_WH - 500, REGISTER_WH - 400), none)
    await stand.send([g.signed("report.below", FIRST, below)])
    traded = following.shifted(1)
    if isinstance(stand.clock, DrivenClock) and stand.heard(Award, ground.first.meter, slot=traded.label) == []:
        await stand.clock.reach(traded.end_s)
    if isinstance(stand.clock, DrivenClock):
        await stand.clock.reach(traded.end_s + ground.calendar.report_within_s)
        if stand.heard(Award, ground.second.meter, slot=traded.label):
            await stand.hears(Settlement, ground.second.meter, slot=traded.label)


async def late_join(stand: Stand) -> None:
    """A client that comes late: what it is sent first is what the server has kept."""
    stand.recorder.mark("late join")
    await stand.link.open(
        "late", stand.first, [public_inbox(stand.community), meter_inbox(stand.community, stand.first.meter)]
    )
    await stand.recorder.quiet(QUIET_S, stand.within_s)
