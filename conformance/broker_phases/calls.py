"""A call of the operator for flexibility: offers of both, its gate, an offer that comes too late."""

from collections.abc import Awaitable, Callable

from conformance.broker_phases.ground import at_now, first_gate_s
from conformance.probes.desk import FIRST, SECOND, Ground, Probe
from conformance.stand import Stand
from wire.messages import Call, CurveStep, FlexAward, FlexOffer
from wire.slots import format_utc, parse_utc

Ask = Callable[[str, str], Awaitable[None]]  # the name of a call and the start of its slot
NAME = "tck-{slot_s}"
AHEAD = 3


async def called(stand: Stand, ground: Ground, ask: Ask) -> None:
    """Lets the operator ask for less use some slots ahead, and offers it; ends before the gate of the open stage."""
    slot = ground.slot.shifted(AHEAD)
    name = NAME.format(slot_s=slot.start_s)
    await ask(name, slot.label)
    await stand.clock.reach(stand.clock.now_s() + 1)
    if not await stand.hears(Call, call=name):
        return
    gate_s = parse_utc(stand.heard(Call, call=name)[-1].gate)
    if gate_s >= (first_gate_s(ground.calendar, ground.stage, ground.slot) or 0):
        stand.recorder.mark("the call closes too late")
        return
    g = at_now(stand, ground)
    await stand.send([_offer(g, "flex.first", FIRST, name, ground.low)])
    await stand.send([_offer(g, "flex.second", SECOND, name, ground.high)])
    stand.says(f"waiting until {format_utc(gate_s)} for the gate of the call")
    await stand.clock.reach(gate_s)
    for member in (g.first, g.second):
        await stand.hears(FlexAward, member.meter, call=name)
    await stand.send([_offer(at_now(stand, ground), "flex.late", FIRST, name, ground.low, sequence=2)])


def _offer(g: Ground, label: str, client: str, name: str, price: int, *, sequence: int = 1) -> Probe:
    offer = FlexOffer(
        community=g.community,
        meter=g.member(client).meter,
        call=name,
        sequence=sequence,
        steps=(CurveStep(price_micro_per_kwh=price, energy_wh=100),),
        sent_at=g.now,
    )
    return g.signed(label, client, offer)
