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
    Rejection,
    Stage,
    StageKind,
    StatusAnswer,
    Welcome,
)
from wire.reasons import Reason
from wire.signing import seal
from wire.slots import Slot, format_utc, slot_at

SOFTWARE = "hearthgrid test kit"
QUIET_S = 0.3
EPOCH_2020_S = 1_577_836_800
ROOM_S = 45  # on the machine's clock the probes need that long before the gate
USED_MAX = 3  # an earlier run orders for the slot it tests and the two after it


class Stopped(Exception):
    """The run cannot go on; what was heard so far is judged."""


class Spoilt(Exception):
    """What an earlier run left in the slot under test spoils this one: nothing of it can be judged."""


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
    """The slot and the stage to test: the first whose gate leaves time, and in which no earlier run has ordered.

    Whoever says so of every slot is tested in the last of them all the same: then it says what is not so.
    """
    calendar = stand.heard(Calendar)[-1]
    stage = _open_stage(calendar)
    found = await _with_conditions(stand, calendar, stage, slot_at(stand.clock.now_s(), calendar.slot_minutes))
    for _ in range(USED_MAX):
        if (by := await _used_by(stand, found)) is None:
            break
        stand.says(f"{by} holds an order or report in {found.slot.label}, of an earlier run: taking a later slot")
        found = await _with_conditions(stand, calendar, stage, found.slot)
    return found


async def _used_by(stand: Stand, ground: Ground) -> str | None:
    """The member for which the broker already holds something in the slot; None when it says so of neither."""
    for client in (FIRST, SECOND):
        meter, since = ground.member(client).meter, stand.place
        await asks(stand, ground, f"query.used.{client}", client)
        for answer in stand.heard(StatusAnswer, meter, since=since, slot=ground.slot.label):
            if answer.order_sequence is not None or answer.report_sequence is not None:
                return meter
    return None


def unspoilt(stand: Stand, ground: Ground) -> None:
    """Checks that no earlier run has used up messages of the slot. Raises: Spoilt."""
    for member in (ground.first, ground.second):
        if stand.heard(Rejection, member.meter, code=Reason.QUOTA_EXCEEDED):
            raise Spoilt(
                f"messages of an earlier run count for {member.meter} in {ground.slot.label}: start again in a later "
                "slot; if this comes in a slot that no run has tested, the broker counts too many"
            )


async def _with_conditions(stand: Stand, calendar: Calendar, stage: Stage, after: Slot) -> Ground:
    """The first slot after another whose gate leaves time, with its conditions."""
    for _ in range(3):
        now_s = stand.clock.now_s()
        conditions = stand.heard(Conditions)[-1]
        slot = max(slot_at(now_s, calendar.slot_minutes), after).shifted(1)
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
