"""Whether an offer to a call counts."""

from broker.market.admission.intake import stale
from broker.market.agreements.held_call import HeldCall, Offer
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.limits import over_nameplate
from broker.market.terms import Member, Terms
from wire.messages import FlexOffer, StageKind
from wire.reasons import Reason


def admit_offer(
    offer: Offer, digest: str, *, held: HeldCall | None, member: Member, terms: Terms, at_s: int
) -> Admission:
    """Whether an offer counts for the call it names; `held` is None where there is none."""
    if held is None:
        return Rejected(Reason.UNKNOWN_CALL, f"no call {offer.call!r}", "call")
    if isinstance(offer, FlexOffer) is not (held.kind is StageKind.FLEXIBILITY):
        wanted = "flex_offer" if held.kind is StageKind.FLEXIBILITY else "reserve_offer"
        return Rejected(Reason.WRONG_STAGE, f"call {offer.call} of stage {held.call.stage} takes a {wanted}", "call")
    before = held.offers.get(member.meter)
    if before is not None and before[1] == digest:
        return Accepted(repeated=True)
    if at_s >= held.gate_s or held.procured is not None:
        return Rejected(Reason.GATE_CLOSED, f"the gate of call {offer.call} closed at {held.call.gate}", "call")
    if held.messages.get(member.meter, 0) >= terms.messages_per_slot_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.messages_per_slot_max} offers for a call")
    if before is not None and offer.sequence <= before[0].sequence:
        return stale(offer.sequence, before[0].sequence)
    if len(offer.steps) > terms.steps_max:
        return Rejected(Reason.TOO_MANY_STEPS, f"{len(offer.steps)} steps, at most {terms.steps_max}", "steps")
    total_wh = sum(step.energy_wh for step in offer.steps)
    swing_w = member.nameplate_import_w + member.nameplate_export_w
    return over_nameplate(total_wh, 0, swing_w, held.slots[0]) or Accepted()
