"""A broker that is killed, the gate of the open stage, and the one of a sealed stage."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from conformance.broker_phases.ground import (
    Stopped,
    asking_stage_of,
    asks,
    at_now,
    first_gate_s,
    is_open,
    sealed_stage_of,
)
from conformance.market_clock import DrivenClock
from conformance.probes import sealed
from conformance.probes.desk import FIRST, SECOND, Ground, Probe, buy, sell
from conformance.stand import Stand
from wire.messages import (
    Award,
    Calendar,
    Clearing,
    Gate,
    Quantities,
    Question,
    Reply,
    ReplyBook,
    ServiceStatus,
)
from wire.slots import format_utc, parse_utc

Hook = Callable[[], Awaitable[None]]


async def killed(stand: Stand, ground: Ground, kill: Hook, start: Hook) -> None:
    """The broker is killed right after a receipt, and started again."""
    g = at_now(stand, ground, ground.slot.shifted(2))
    if not is_open(g):
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
    gate_s = first_gate_s(ground.calendar, ground.stage, ground.slot)
    assert gate_s is not None, "the ground was chosen by it"
    stand.says(f"waiting until {format_utc(gate_s)} for the gate")
    g = at_now(stand, ground, ground.slot.shifted(2))
    if is_open(g):
        await stand.send([g.signed("order.third", SECOND, g.order(SECOND, 1, sell(g.low, 120)))])
        await stand.send([g.signed("order.fourth", FIRST, g.order(FIRST, 2, buy(g.high, 120)))])
    sealed_stage = sealed_stage_of(ground)
    if sealed_stage is not None and first_gate_s(ground.calendar, sealed_stage, ground.slot) != gate_s:
        early = replace(at_now(stand, ground), stage=sealed_stage)
        await stand.send([sealed.sealed(early, "sealed.too_early", FIRST, buy(ground.high, 50))])
    await stand.clock.reach(gate_s)
    slot, stage = ground.slot.label, ground.stage.stage
    await stand.hears(Gate, slot=slot, stage=stage)
    await stand.hears(Clearing, slot=slot, stage=stage)
    for member in (ground.first, ground.second):
        await stand.hears(Award, member.meter, slot=slot, stage=stage)
    g = at_now(stand, ground)
    await stand.send([g.signed("order.late", FIRST, g.order(FIRST, 5, buy(g.high, 100)))])
    final = stand.read().sent.get("order.final")
    if final is not None:
        again = g.raw("order.final_late", FIRST, "order", final[1].frame)
        await stand.send([again])


async def sealing(stand: Stand, ground: Ground) -> None:
    """A sealed stage after the open one: commitments, a reveal too early, a wrong one and a right one."""
    stage = sealed_stage_of(ground)
    gate_s = None if stage is None else first_gate_s(ground.calendar, stage, ground.slot)
    if stage is None or gate_s is None or gate_s <= stand.clock.now_s():
        return
    g = replace(at_now(stand, ground), stage=stage)
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


async def asking(stand: Stand, ground: Ground) -> None:
    """A stage that is cleared in rounds: both commit to an order, one answers what is asked, the other is silent."""
    stage = asking_stage_of(ground)
    gate_s = None if stage is None else first_gate_s(ground.calendar, stage, ground.slot)
    if stage is None or gate_s is None or gate_s <= stand.clock.now_s():
        return
    g = replace(at_now(stand, ground), stage=stage)
    await stand.send([sealed.sealed(g, "asked.first", FIRST, buy(g.high, 50))])
    await stand.send([sealed.sealed(g, "asked.second", SECOND, sell(g.low, 50))])
    stand.says(f"waiting until {format_utc(gate_s)} for the gate of the stage in rounds")
    await stand.clock.reach(gate_s)
    until_s = gate_s + stage.reveal_within_s
    answered = 0
    while stand.clock.now_s() < until_s:
        found = stand.heard(Question, stage=stage.stage, slot=g.slot.label, question=answered + 1)
        if not found:
            break
        answered += 1
        await stand.send([_reply(at_now(stand, g), found[-1])])
        await stand.clock.reach(min(until_s, parse_utc(found[-1].answer_by)))
        await stand.hears(Question, stage=stage.stage, slot=g.slot.label, question=answered + 1)
    await stand.clock.reach(until_s)
    await stand.hears(Clearing, slot=g.slot.label, stage=stage.stage)
    await stand.hears(ReplyBook, slot=g.slot.label, stage=stage.stage)


def _reply(g: Ground, question: Question) -> Probe:
    """What 50 Wh at the highest price come to at the prices of a question."""
    rows = [Quantities(0 if price == g.high else 50, 50, 0, 0) for price in question.prices_micro_per_kwh]
    reply = Reply(
        community=g.community,
        meter=g.first.meter,
        stage=question.stage,
        slot=question.slot,
        round=question.round,
        question=question.question,
        quantities=tuple(rows),
    )
    return g.signed(f"asked.reply.{question.question}", FIRST, reply)
