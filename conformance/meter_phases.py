"""The phases of a run against a meter, slot by slot; verdicts come later, from the transcript."""

from conformance.meter_stand import FORGER, QUIET_S, MeterStand
from conformance.played_broker import HIGH, LOW, SEALED_STAGE, STAGE, stage
from wire.codec import encode
from wire.commitments import RoundName
from wire.messages import (
    BookEntry,
    Gate,
    Hello,
    MeterReport,
    Order,
    Receipt,
    Rejection,
    Reveal,
    SealedOrder,
    ServiceStatus,
    Witness,
)
from wire.slots import Slot, parse_utc

LEAD_S = 60
REPORT_S = 65  # on the machine's clock a meter may take a minute to report
GARBAGE_BYTES = 20_000
SOFTWARE = "hearthgrid test kit"


async def standing(stand: MeterStand, slot: Slot) -> None:
    """What a broker keeps retained: status, calendar, and the conditions of a slot."""
    played = stand.played
    status = ServiceStatus(community=played.community, state="online", software=SOFTWARE)
    await stand.tell("status", status)
    await stand.tell("calendar.open", played.calendar(stage(STAGE, lead_s=LEAD_S)))
    await stand.tell(f"conditions {slot.label}", played.conditions(slot))


async def greeting(stand: MeterStand) -> bool:
    """The meter's hello and its welcome; whether it is there."""
    found = await stand.waits_for(Hello, within_s=4 * stand.within_s)
    if found is None and await stand.cut("greeting"):
        found = await stand.waits_for(Hello)
    await stand.tell("welcome", stand.played.welcome())
    return found is not None


async def unanswered(stand: MeterStand, slot: Slot) -> None:
    """An order whose receipt is withheld, then forged, then another's; a forged rejection; then the true one."""
    found = await stand.waits_for(Order, slot=slot.label, within_s=_until_gate_s(stand, slot))
    if found is None:
        return
    payload, order = found
    played, now_s = stand.played, stand.clock.now_s()
    right = played.receipt("order", order.slot, order.sequence, payload, now_s=now_s, stage_name=order.stage)
    await stand.lets_resend("withheld")
    # without a tap the meter's own time to send again would outlast the slot
    if stand.tap is not None:
        await _forged_answers(stand, right, played.rejection("order", order.slot, order.sequence, payload))
    await stand.tell("receipt.true", right)
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    await stand.lets_resend("receipted")


async def _forged_answers(stand: MeterStand, receipt: Receipt, rejection: Rejection) -> None:
    """Answers that prove nothing, each before the connection is cut and the meter has a reason to send again."""
    other = receipt.model_copy(update={"sequence": receipt.sequence + 1})
    for label, name, answer, key in (
        ("receipt.forged", "forged receipt", receipt, FORGER),
        ("receipt.other", "other receipt", other, None),
        ("rejection.forged", "forged rejection", rejection, FORGER),
    ):
        await stand.tell(label, answer, key=key)
        await stand.recorder.quiet(QUIET_S, stand.within_s)
        await stand.lets_resend(name)


async def answers(stand: MeterStand, slot: Slot) -> None:
    """A receipt for every order of a slot."""
    found = await stand.waits_for(Order, slot=slot.label, within_s=_until_gate_s(stand, slot))
    if found is not None:
        await _receipt_orders(stand, slot)


def _until_gate_s(stand: MeterStand, slot: Slot) -> float:
    return stand.patience_s(slot.start_s - LEAD_S)


async def strays(stand: MeterStand) -> None:
    """Answers, as a broker would, to orders whose gate has passed and to reports that nobody waits for."""
    now_s = stand.clock.now_s()
    for payload, order in dict(stand.said(Order)).items():
        if now_s >= parse_utc(order.slot) - LEAD_S and not stand.has_answered(payload):
            late = stand.played.rejection("order", order.slot, order.sequence, payload)
            await stand.tell(f"stray {order.slot}", late)
    for payload, report in dict(stand.said(MeterReport)).items():
        if not stand.has_answered(payload):
            receipt = stand.played.receipt("report", report.slot, report.sequence, payload, now_s=now_s)
            await stand.tell(f"stray report {report.slot}", receipt)


async def _receipt_orders(stand: MeterStand, slot: Slot) -> None:
    for payload, order in dict(stand.said(Order, slot=slot.label)).items():
        receipt = stand.played.receipt(
            "order", order.slot, order.sequence, payload, now_s=stand.clock.now_s(), stage_name=order.stage
        )
        await stand.tell(f"receipt {order.slot} {order.sequence}", receipt)


async def round_(stand: MeterStand, slot: Slot) -> None:
    """The gate of a slot with what was ordered: gate, clearing, award, leaves and checkpoint."""
    gate_s = slot.start_s - LEAD_S
    stand.says(f"waiting for the gate of {slot.label}")
    await stand.clock.reach(gate_s)
    await _receipt_orders(stand, slot)
    of = RoundName(stand.played.community, STAGE, slot.label, 0)
    orders = stand.said(Order, slot=slot.label)
    entries = [stand.played.entry(of, orders[-1][1].sequence, orders[-1][1].steps)] if orders else []
    gate = stand.played.gate(of, gate_s, entries)
    await stand.tell(f"gate {slot.label}", gate)
    await _clears(stand, gate, entries)


async def _clears(stand: MeterStand, gate: Gate, entries: list[BookEntry]) -> None:
    clearing, award = stand.played.cleared(gate, entries)
    await stand.tell(f"clearing {gate.slot}", clearing)
    if award is not None:
        await stand.tell(f"award {gate.slot}", award)
    since = stand.place
    leaves, checkpoint = stand.played.logged(gate.slot, gate, clearing)
    await stand.tell(f"leaves {gate.slot}", leaves)
    await stand.tell(f"checkpoint {gate.slot}", checkpoint)
    if gate.orders:
        await stand.waits_for(Witness, since=since)


async def garbage(stand: MeterStand) -> None:
    """Bytes that are no message, on every kind of topic that a meter reads."""
    own = f"member/{stand.meter}"
    bare = encode(stand.played.welcome())
    await stand.tell_bytes("garbage.large", f"{own}/receipt", b"\xff" * GARBAGE_BYTES)
    await stand.tell_bytes("garbage.text", f"{own}/rejection", b"{not json")
    await stand.tell_bytes("garbage.unsigned", f"{own}/welcome", bare)
    await stand.tell_bytes("garbage.kind", f"{own}/tck-kind", bare)
    await stand.tell_bytes("garbage.public", "public/clearing", b"")


async def forged_terms(stand: MeterStand, slot: Slot) -> None:
    """A calendar without any stage that takes orders, and conditions without a market, signed by nobody who may."""
    played = stand.played
    closed = stage(STAGE, lead_s=LEAD_S).model_copy(update={"takes_orders": False})
    await stand.tell(f"conditions {slot.label}", played.conditions(slot))
    await stand.tell("calendar.forged", played.calendar(closed), key=FORGER)
    await stand.tell("conditions.forged", played.conditions(slot, low=HIGH, high=LOW), key=FORGER)
    stand.recorder.mark(f"forged terms {slot.label}")


async def forged_checkpoint(stand: MeterStand, slot: Slot) -> None:
    """A checkpoint in a good frame whose note somebody else has signed."""
    await stand.tell("checkpoint.forged", stand.played.checkpoint(slot.label, FORGER))
    await stand.recorder.quiet(QUIET_S, stand.within_s)


async def no_market(stand: MeterStand, slot: Slot) -> None:
    """Conditions that leave a slot without a market."""
    await stand.tell(f"conditions {slot.label}", stand.played.conditions(slot, low=HIGH, high=LOW))


async def reported(stand: MeterStand, slot: Slot, *, withholds: bool = False) -> None:
    """The report of a slot and its receipt, which may come only after the meter has sent it again."""
    found = await stand.waits_for(MeterReport, slot=slot.label, within_s=stand.patience_s(slot.end_s + REPORT_S))
    if found is None:
        return
    payload, report = found
    if withholds:
        await stand.lets_resend("report withheld")
    receipt = stand.played.receipt("report", report.slot, report.sequence, payload, now_s=stand.clock.now_s())
    await stand.tell(f"receipt report {slot.label}", receipt)


async def sealed_terms(stand: MeterStand, slot: Slot) -> None:
    """From now on orders are sealed."""
    await stand.tell("calendar.sealed", stand.played.calendar(stage(SEALED_STAGE, lead_s=LEAD_S, is_sealed=True)))
    await stand.tell(f"conditions {slot.label}", stand.played.conditions(slot))


async def sealed_round(stand: MeterStand, slot: Slot) -> None:
    """A sealed order: receipted, tempted by a forged gate, then opened after the true one."""
    found = await stand.waits_for(SealedOrder, slot=slot.label, within_s=_until_gate_s(stand, slot))
    of = RoundName(stand.played.community, SEALED_STAGE, slot.label, 0)
    if found is None:
        return
    payload, order = found
    now_s, gate_s = stand.clock.now_s(), slot.start_s - LEAD_S
    receipt = stand.played.receipt("sealed", order.slot, order.sequence, payload, now_s=now_s, stage_name=order.stage)
    await stand.tell(f"receipt sealed {slot.label}", receipt.model_copy(update={"salt": None}))
    entry = stand.played.entry(of, order.sequence, ()).model_copy(
        update={"commitment": order.commitment, "salt": None}
    )
    gate = stand.played.gate(of, gate_s, [entry])
    await stand.tell("gate.forged", gate, key=FORGER)
    await stand.recorder.quiet(QUIET_S, stand.within_s)
    await stand.clock.reach(gate_s)
    since = stand.place
    await stand.tell(f"gate {slot.label}", gate)
    opened = await stand.waits_for(Reveal, since=since, slot=slot.label)
    if opened is not None:
        payload, reveal = opened
        answer = stand.played.receipt(
            "reveal", reveal.slot, reveal.sequence, payload, now_s=stand.clock.now_s(), stage_name=reveal.stage
        )
        await stand.tell(f"receipt reveal {slot.label}", answer.model_copy(update={"salt": None}))
        entry = stand.played.entry(of, reveal.sequence, reveal.steps, reveal.salt)
    await _clears(stand, gate, [entry])
