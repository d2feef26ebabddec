"""What a meter sends again, and what settles a message for it."""

from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.meter_judges.heard import said
from conformance.verdict import Broken, Held, NotJudged, Verdict
from wire.messages import MeterReport, Order

NO_RESEND = "no order was sent whose receipt could be withheld"


def _payloads(run: Evidence, model: type[Order] | type[MeterReport], start: int, end: int) -> list[bytes]:
    return [read.payload or b"" for read, _ in said(run, model) if start < read.place < end]


def _again(run: Evidence, name: str, model: type[Order] | type[MeterReport] = Order) -> Verdict:
    """Whether what was last sent before a cut came again, byte for byte, after it."""
    start, end = run.mark(f"cut {name}"), run.mark(f"back {name}")
    if start is None or end is None:
        return NotJudged(NO_RESEND)
    before, after = _payloads(run, model, -1, start), _payloads(run, model, start, end)
    if not before:
        return NotJudged(NO_RESEND)
    if before[-1] in after:
        return Held()
    return Broken(f"{'other bytes were' if after else 'nothing was'} sent again ({name})")


@METER.asserts(159)
def _unanswered(run: Evidence) -> Verdict:
    return _again(run, "withheld")


@METER.asserts(164)
def _acknowledged(run: Evidence) -> Verdict:
    return _again(run, "withheld")


@METER.asserts(161)
def _forged_receipt(run: Evidence) -> Verdict:
    return _again(run, "forged receipt")


@METER.asserts(162)
def _forged_rejection(run: Evidence) -> Verdict:
    return _again(run, "forged rejection")


@METER.asserts(163)
def _other_receipt(run: Evidence) -> Verdict:
    return _again(run, "other receipt")


@METER.asserts(160)
def _receipted(run: Evidence) -> Verdict:
    start, end = run.mark("cut receipted"), run.mark("back receipted")
    if start is None or end is None:
        return NotJudged(NO_RESEND)
    before, after = _payloads(run, Order, -1, start), _payloads(run, Order, start, end)
    if not before:
        return NotJudged(NO_RESEND)
    return Broken("an order was sent again after its receipt") if before[-1] in after else Held()


@METER.asserts(214)
def _unanswered_report(run: Evidence) -> Verdict:
    return _again(run, "report withheld", MeterReport)
