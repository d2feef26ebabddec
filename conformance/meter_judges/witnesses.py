"""What a meter republishes of the log."""

from collections import Counter

from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.meter_judges.heard import said, told
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Checkpoint, Witness
from wire.signing import split

NO_LOG = "the run did not get to a checkpoint"


@METER.asserts(216)
def _republishes(run: Evidence) -> Verdict:
    checkpoints, found = told(run, Checkpoint), said(run, Witness)
    if not checkpoints:
        return NotJudged(NO_LOG)
    if not found:
        return Broken("no witness was published after a checkpoint")
    wrong = []
    for read, witness in found:
        if _is_forged(run, witness):
            continue  # TP-218 is about that
        if witness.note not in [c.note for place, _, c in checkpoints if place < read.place]:
            wrong.append("a witness holds a note that no checkpoint had")
    return all_hold(wrong, len(found), missing=NO_LOG)


def _forged_note(run: Evidence) -> str | None:
    if "checkpoint.forged" not in run.sent:
        return None
    return decode(Checkpoint, split(run.sent["checkpoint.forged"][1].frame)[1]).note


def _is_forged(run: Evidence, witness: Witness) -> bool:
    return witness.note == _forged_note(run)


@METER.asserts(217)
def _own_key(run: Evidence) -> Verdict:
    found = said(run, Witness)
    wrong = []
    for read, witness in found:
        if witness.key != run.transcript.meters[read.meter].hex():
            wrong.append(f"the witness names the key {witness.key[:16]}.., which is not the meter's")
        elif read.signature is not None:
            wrong.append("a witness is not signed with the meter's key")
    return all_hold(wrong, len(found), missing="no witness was heard")


@METER.asserts(218)
def _not_forged(run: Evidence) -> Verdict:
    if _forged_note(run) is None:
        return NotJudged("the run did not get to a forged checkpoint")
    forged = [witness for _, witness in said(run, Witness) if _is_forged(run, witness)]
    return Broken("a note that the log's key has not signed was republished") if forged else Held()


@METER.asserts(219)
def _once_per_slot(run: Evidence) -> Verdict:
    places = sorted(
        [(place, c.slot) for place, _, c in told(run, Checkpoint)]
        + [(place, decode(Checkpoint, split(s.frame)[1]).slot) for label, (place, s) in run.sent.items()
           if label == "checkpoint.forged"]
    )  # fmt: skip
    found = said(run, Witness)
    slots = Counter(max((p, slot) for p, slot in places if p < read.place)[1] for read, _ in found)
    wrong = [f"{count} witnesses for checkpoints of {slot}" for slot, count in slots.items() if count > 1]
    return all_hold(wrong, len(found), missing="no witness was heard")
