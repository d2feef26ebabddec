"""Sealed orders of a meter, and when it opens them."""

from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.meter_judges.heard import calendar_at, said
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.commitments import round_of, shown_order
from wire.messages import Order, Reveal, SealedOrder

NO_SEALED = "the meter sent no sealed order (a meter may leave sealed stages alone)"


@METER.asserts(225)
def _sends_commitments(run: Evidence) -> Verdict:
    found = said(run, SealedOrder)
    wrong = []
    seen = set()
    for read, order in said(run, Order):
        if read.payload in seen:
            continue  # sent again: it belongs to the terms of its first time
        seen.add(read.payload)
        calendar = calendar_at(run, read.place)
        stages = calendar.stages if calendar is not None else ()
        if any(stage.stage == order.stage and stage.sealed for stage in stages):
            wrong.append(f"an open order for {order.slot} in the sealed stage {order.stage}")
    return all_hold(wrong, len(found), missing=NO_SEALED)


@METER.asserts(226)
def _opens(run: Evidence) -> Verdict:
    commitments = {(m.slot, m.stage, m.round, m.sequence): m.commitment for _, m in said(run, SealedOrder)}
    found = said(run, Reveal)
    wrong = []
    for _, r in found:
        shown = shown_order(r.steps, pseudonym="0" * 16, sequence=r.sequence, salt=r.salt, of=round_of(r))
        if commitments.get((r.slot, r.stage, r.round, r.sequence)) != shown.commitment:
            wrong.append(f"the reveal of {r.slot} does not open what was sealed")
    if commitments and not found and any(label.startswith("gate ") for label in run.sent):
        return Broken("a sealed order was not revealed after its gate")
    return all_hold(wrong, len(found), missing=NO_SEALED)


def _true_gate(run: Evidence, slot: str) -> int | None:
    found = run.sent.get(f"gate {slot}")
    return None if found is None else found[0]


@METER.asserts(227)
def _not_before(run: Evidence) -> Verdict:
    found = said(run, Reveal)
    wrong = [
        f"the reveal of {reveal.slot} came before its gate"
        for read, reveal in found
        if (place := _true_gate(run, reveal.slot)) is None or read.place < place
    ]
    return all_hold(wrong, len(found), missing=NO_SEALED)


@METER.asserts(228)
def _not_after_forged(run: Evidence) -> Verdict:
    if "gate.forged" not in run.sent:
        return NotJudged(NO_SEALED)
    start = run.sent["gate.forged"][0]
    early = [
        reveal
        for read, reveal in said(run, Reveal)
        if start < read.place < (_true_gate(run, reveal.slot) or len(run.transcript.events))
    ]
    return Broken("a gate that nobody signed made the meter reveal its order") if early else Held()
