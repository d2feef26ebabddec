"""Calls for flexibility: offers count until the gate, and everybody who offered is told."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Call, FlexAward, FlexOffer
from wire.signing import split
from wire.slots import parse_utc

OFFERS = ("flex.first", "flex.second")


@BROKER.asserts(240)
def _awarded(run: Evidence) -> Verdict:
    sent = [label for label in OFFERS if label in run.sent]
    if not sent:
        return NotJudged("no call was made that closes before the tested gate (--call)")
    return all_hold([text for label in sent for text in _wrong(run, label)] + _late(run), len(sent) + 1, missing="")


def _wrong(run: Evidence, label: str) -> list[str]:
    if run.receipt(label) is None:
        return [f"{label} came before the gate and was not receipted"]
    offer = decode(FlexOffer, split(run.sent[label][1].frame)[1])
    call = run.of(Call, call=offer.call)[-1]
    awards = run.placed(FlexAward, offer.meter, call=offer.call)
    if not awards:
        return [f"{offer.meter} offered to {offer.call} and got no flex_award"]
    read, award = awards[0]
    if award.sequence != offer.sequence:
        return [f"the flex_award of {offer.meter} is of the offer {award.sequence}, not {offer.sequence}"]
    return [f"the flex_award of {offer.meter} came before the gate"] if read.at_s < parse_utc(call.gate) else []


def _late(run: Evidence) -> list[str]:
    return ["an offer after the gate was receipted"] if run.receipt("flex.late") is not None else []
