"""Before the gate: what is refused, orders that enter, plans, contracts, quotas, access."""

import asyncio
from dataclasses import replace

from conformance.broker_phases.ground import QUIET_S, asks, at_now, is_open
from conformance.probes import frames, orders
from conformance.probes.batches import batches
from conformance.probes.desk import FIRST, GATEWAY, SECOND, Ground, Probe, buy, sell
from conformance.probes.paths import energy_at
from conformance.stand import Stand
from wire.codec import digest, encode
from wire.messages import (
    Acceptance,
    Contract,
    Path,
    Proposal,
    StageKind,
)
from wire.signing import seal
from wire.topics import ROOT, meter_inbox

BURST = 200
COUNTABLE = 200  # quotas above this are not tried


async def refusals(stand: Stand, ground: Ground) -> None:
    """Everything that has to be refused before the first order counts; then the broker holds nothing."""
    await stand.send(frames.bad_frames(ground))
    await stand.send(frames.bad_payloads(ground))
    await stand.send(orders.refused_orders(ground))
    await stand.send(orders.refused_others(ground))
    # an access list of single kinds ends the connection of who publishes another one
    await stand.post(frames.unknown_kind(ground), forbidden_to=SECOND)
    await stand.send(frames.outsiders(ground))
    if GATEWAY in ground.members:
        await stand.send(batches(ground))
    bad = orders.plan(ground, "plan.bad_signature", FIRST, 1, 10)
    forged = seal(ground.second.key, "plan", ground.community, bad.frame.split(b".", 2)[2])
    await stand.send([ground.raw("plan.bad_signature", FIRST, "plan", forged)])
    await asks(stand, ground, "query.nothing", FIRST)


async def entering(stand: Stand, ground: Ground) -> None:
    """Orders that enter, replace each other and come again."""
    g = at_now(stand, ground)
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
    g = at_now(stand, ground)
    await stand.post(orders.plan(g, "plan.first", FIRST, 1, 170))
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    stand.recorder.mark("one plan")
    await _planned(stand, g, orders.plan(g, "plan.second", SECOND, 1, -50), 170 - 50)
    await _planned(stand, g, orders.plan(g, "plan.newer", FIRST, 2, 270), 270 - 50)


async def _planned(stand: Stand, ground: Ground, plan: Probe, energy_wh: int) -> None:
    """Tells a plan and waits for the path with this sum of both; where others plan too, for a path of all."""
    since = stand.place
    await stand.post(plan)
    if ground.calendar.group_min > 2:
        return

    def is_told() -> bool:
        paths = stand.heard(Path, since=since)
        return any(p.members > 2 or energy_at(p, ground.slot.label, ground.slot.minutes) == energy_wh for p in paths)

    await stand.recorder.until(is_told, stand.within_s)


async def contracts(stand: Stand, ground: Ground) -> None:
    """A contract between both, agreed, and one that is refused; only where the calendar has bilateral trade."""
    if all(stage.kind is not StageKind.BILATERAL for stage in ground.calendar.stages):
        return
    g = at_now(stand, ground, ground.slot.shifted(1))
    for name, accepts in (("contract", True), ("contract_refused", False)):
        asked = orders.proposal(g, g.second.meter, f"tck-{name}-{g.slot.start_s}")
        await stand.send([g.signed(f"{name}.proposal", FIRST, asked)])
        answer = _answer(g, asked, accepts=accepts)
        await stand.send([g.signed(f"{name}.answer", SECOND, answer)])
        state = "agreed" if accepts else "refused"
        for member in (g.first, g.second):
            await stand.hears(Contract, member.meter, contract=asked.contract, state=state)


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
    g = at_now(stand, ground, ground.slot.shifted(1))
    if not is_open(g):
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


async def burst(stand: Stand, ground: Ground) -> None:
    """More orders at once than a broker may hold of one meter; none of them can count."""
    probes = orders.far_orders(at_now(stand, ground), BURST)
    named = {probe.named.encode() for probe in probes}
    since = stand.place
    await asyncio.gather(*(stand.post(probe) for probe in probes))
    await stand.recorder.until(lambda: stand.is_answered(named, since), stand.within_s)


async def access(stand: Stand, ground: Ground) -> None:
    """What the MQTT server has to stop: reading another's inbox, publishing as the broker and as another meter."""
    g = at_now(stand, ground)
    await stand.link.subscribe(SECOND, [meter_inbox(stand.community, g.first.meter)])
    stand.recorder.mark("access")
    root = f"{ROOT}/{stand.community}"
    await stand.link.attempt(SECOND, f"{root}/public/tck", b"tck-forged-public")
    await stand.link.attempt(SECOND, f"{root}/member/{g.first.meter}/tck", b"tck-forged-member")
    await stand.post(orders.query(g, "access.query", FIRST), forbidden_to=SECOND)
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    stand.recorder.mark("access over")
    await asks(stand, g, "query.after_access", FIRST)
