"""Who is a member, and which slot and stage are tested."""

from dataclasses import replace

from conformance.probes import orders
from conformance.probes.desk import FIRST, SECOND, Ground, topic_of
from conformance.stand import Stand
from wire.calendar import gates
from wire.codec import encode
from wire.messages import (
    Calendar,
    Conditions,
    Hello,
    Stage,
    StageKind,
    StatusAnswer,
    Welcome,
)
from wire.signing import seal
from wire.slots import Slot, format_utc, slot_at

SOFTWARE = "hearthgrid test kit"
QUIET_S = 0.3
EPOCH_2020_S = 1_577_836_800
ROOM_S = 45  # on the machine's clock the probes need that long before the gate


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
        while (first_gate_s(calendar, stage, slot) or 0) <= now_s + ROOM_S:
            slot = slot.shifted(1)
        known = stand.heard(Conditions, slot=slot.label)
        if known or slot.label == conditions.slot:
            return _ground(stand, calendar, (known or [conditions])[-1], stage, slot)
        stand.says(f"waiting until {slot.shifted(-1).label} for the conditions of {slot.label}")
        await stand.clock.reach(slot.shifted(-1).start_s)
        if not await stand.hears(Conditions, slot=slot.label):
            # a broker that has just started may leave out the conditions of one slot
            await stand.clock.reach(slot.start_s)
    raise Stopped("no conditions for a slot that is still traded: the broker publishes them too late")


def _open_stage(calendar: Calendar) -> Stage:
    for stage in calendar.stages:
        if stage.kind is StageKind.INTRADAY and stage.takes_orders and not stage.sealed:
            return stage
    raise Stopped("the calendar has no intraday stage of open orders: give the broker under test one")


def first_gate_s(calendar: Calendar, stage: Stage, slot: Slot) -> int | None:
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
        sequences_from=stand.clock.now_s() - EPOCH_2020_S,
        carries_wh=(welcome.nameplate_import_w * minutes // 60, welcome.nameplate_export_w * minutes // 60),
    )


def at_now(stand: Stand, ground: Ground, slot: Slot | None = None) -> Ground:
    return replace(ground, now_s=stand.clock.now_s(), slot=slot or ground.slot)


def is_open(g: Ground) -> bool:
    found = [gate for gate in gates(g.calendar.stages, g.slot) if gate.stage == g.stage.stage]
    return bool(found) and found[0].opens_s <= g.now_s < found[0].gate_s


def asking_stage_of(ground: Ground) -> Stage | None:
    found = [s for s in ground.calendar.stages if s.in_rounds and s.kind is StageKind.INTRADAY]
    return found[0] if found else None


def sealed_stage_of(ground: Ground) -> Stage | None:
    found = [s for s in ground.calendar.stages if s.sealed and not s.in_rounds and s.kind is StageKind.INTRADAY]
    return found[0] if found else None


async def asks(stand: Stand, ground: Ground, label: str, client: str) -> None:
    """A query, and its answer."""
    since = stand.place
    await stand.post(orders.query(at_now(stand, ground), label, client))
    await stand.hears(StatusAnswer, ground.member(client).meter, since=since, slot=ground.slot.label)
