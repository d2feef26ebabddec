"""Sealed orders and the round that opens them."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict
from wire.codec import decode
from wire.messages import Clearing, SealedOrder
from wire.signing import split

NO_STAGE = "the calendar has no stage of sealed orders after the open one"


@BROKER.asserts(220)
def _receipt(run: Evidence) -> Verdict:
    if "sealed.first" not in run.sent:
        return NotJudged(NO_STAGE)
    receipt = run.receipt("sealed.first")
    if receipt is None:
        refused = run.rejection("sealed.first")
        return Broken("a sealed order was " + ("not answered" if refused is None else f"refused: {refused.detail}"))
    if receipt.of != "sealed" or receipt.pseudonym is None or receipt.salt is not None:
        return Broken(f"its receipt is of {receipt.of}, with pseudonym {receipt.pseudonym} and salt {receipt.salt}")
    return Held()


@BROKER.asserts(222)
def _reveal(run: Evidence) -> Verdict:
    if "sealed.reveal" not in run.sent:
        return NotJudged(NO_STAGE)
    receipt = run.receipt("sealed.reveal")
    return Held() if receipt is not None and receipt.of == "reveal" else Broken("a right reveal was not receipted")


@BROKER.asserts(224)
def _unrevealed(run: Evidence) -> Verdict:
    if "sealed.second" not in run.sent or run.receipt("sealed.second") is None:
        return NotJudged(NO_STAGE)
    order = decode(SealedOrder, split(run.sent["sealed.second"][1].frame)[1])
    found = run.of(Clearing, slot=order.slot, stage=order.stage, round=order.round)
    if not found:
        return NotJudged("the sealed round was not cleared in the run")
    count = found[-1].unrevealed
    return Held() if count >= 1 else Broken(f"one sealed order was never revealed, the clearing counts {count}")
