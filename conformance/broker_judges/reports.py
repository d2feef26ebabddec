"""Reports, settlements and corrections."""

from conformance.assertion import BROKER
from conformance.broker_judges.orders import order_of
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Award, MeterReport, Settlement
from wire.signing import split

GOOD = ("report.first", "report.second")
NO_REPORT = "the run did not get to the end of the slot"


def report_of(run: Evidence, label: str) -> MeterReport:
    """The report that was sent under a label."""
    return decode(MeterReport, split(run.sent[label][1].frame)[1])


def _net_wh(report: MeterReport) -> int:
    return report.import_to_wh - report.import_from_wh - (report.export_to_wh - report.export_from_wh)


def _firsts(run: Evidence) -> list[tuple[MeterReport, Settlement]]:
    """The kit's first good reports with the settlements that rest on them."""
    found = []
    for label in GOOD:
        if label in run.sent:
            report = report_of(run, label)
            settled = run.of(Settlement, report.meter, slot=report.slot, corrects=None)
            found += [(report, settlement) for settlement in settled[:1]]
    return found


@BROKER.asserts(200)
def _receipts(run: Evidence) -> Verdict:
    sent = [label for label in (*GOOD, "report.replaced") if label in run.sent]
    wrong = [label for label in sent if (r := run.receipt(label)) is None or r.of != "report"]
    return all_hold([f"{label} was not receipted" for label in wrong], len(sent), missing=NO_REPORT)


@BROKER.asserts(158)
def _receipted_again(run: Evidence) -> Verdict:
    if "report.again" not in run.sent:
        return NotJudged(NO_REPORT)
    return (
        Held() if run.receipt("report.again") is not None else Broken("a report sent again was not receipted again")
    )


@BROKER.asserts(201)
def _settled(run: Evidence) -> Verdict:
    reported = [report_of(run, label) for label in GOOD if run.receipt(label) is not None]
    if len(reported) < len(GOOD):
        return NotJudged(NO_REPORT)
    missing = [r.meter for r in reported if not run.of(Settlement, r.meter, slot=r.slot)]
    return all_hold([f"{meter} got no settlement" for meter in missing], len(reported), missing=NO_REPORT)


@BROKER.asserts(202)
def _sums(run: Evidence) -> Verdict:
    found = [s for meter in run.transcript.clients for s in run.of(Settlement, meter)]
    wrong = [
        f"{s.slot}: the lines sum to {total}, the total is {s.total_nano}"
        for s in found
        if (total := sum(line.amount_nano for line in s.lines)) != s.total_nano
    ]
    return all_hold(wrong, len(found), missing="no settlement was heard")


@BROKER.asserts(203)
def _metered(run: Evidence) -> Verdict:
    pairs = _firsts(run)
    wrong = [
        f"{s.meter}: settles {s.metered_wh} Wh, reported were {_net_wh(r)} Wh"
        for r, s in pairs
        if s.metered_wh != _net_wh(r)
    ]
    return all_hold(wrong, len(pairs), missing="no settlement of a report was heard")


@BROKER.asserts(76)
def _sign(run: Evidence) -> Verdict:
    pairs = _firsts(run)
    wrong = [
        f"{s.meter} took {_net_wh(r)} Wh from the grid and metered_wh is {s.metered_wh}"
        for r, s in pairs
        if (_net_wh(r) > 0) is not (s.metered_wh > 0)
    ]
    return all_hold(wrong, len(pairs), missing="no settlement of a report was heard")


@BROKER.asserts(204)
def _awarded(run: Evidence) -> Verdict:
    wrong = []
    pairs = _firsts(run)
    for report, settlement in pairs:
        awards = {(a.stage, a.round): a for a in run.of(Award, report.meter, slot=report.slot)}.values()
        total = sum(a.bought_wh - a.sold_wh for a in awards)
        if total != settlement.award_wh:
            wrong.append(f"{report.meter}: settles an award of {settlement.award_wh} Wh, awarded were {total} Wh")
    return all_hold(wrong, len(pairs), missing="no settlement of a report was heard")


@BROKER.asserts(205)
def _once(run: Evidence) -> Verdict:
    indices: dict[tuple[str, str], set[int]] = {}
    for meter in run.transcript.clients:
        for s in run.of(Settlement, meter, corrects=None):
            indices.setdefault((meter, s.slot), set()).add(s.log_index)
    wrong = [f"{meter} was settled {len(found)} times for {slot}" for (meter, slot), found in indices.items()
             if len(found) > 1]  # fmt: skip
    return all_hold(wrong, len(indices), missing="no settlement was heard")


def _corrections(run: Evidence) -> list[Settlement]:
    report = report_of(run, "report.replaced")
    return [s for s in run.of(Settlement, report.meter, slot=report.slot) if s.corrects is not None]


@BROKER.asserts(206)
def _corrected(run: Evidence) -> Verdict:
    if "report.replaced" not in run.sent or not _firsts(run):
        return NotJudged("no settlement was heard that could be corrected")
    refused = run.rejection("report.replaced")
    if refused is not None:
        return Broken(f"a measured value with a reason was refused: {refused.code} {refused.detail}")
    found = _corrections(run)
    if not found:
        return Broken("a measured value with a reason changed no settlement")
    first = _firsts(run)[0][1]
    return Held() if found[0].corrects == first.log_index else Broken(f"corrects {found[0].corrects}, not the first")


@BROKER.asserts(207)
def _differences(run: Evidence) -> Verdict:
    if "report.replaced" not in run.sent or not _corrections(run):
        return NotJudged("no correction was heard")
    report = report_of(run, "report.replaced")
    correction = _corrections(run)[-1]
    if correction.metered_wh != _net_wh(report):
        return Broken(f"after the correction {correction.metered_wh} Wh hold, reported were {_net_wh(report)} Wh")
    kinds = {line.item.value for line in correction.lines}
    return Held() if kinds <= {"correction"} else Broken(f"a correction has lines for {sorted(kinds)}")


@BROKER.asserts(208)
def _estimated(run: Evidence) -> Verdict:
    if run.receipt("order.third") is None or run.mark("nobody reported") is None:
        return NotJudged("no slot was left without reports for long enough: needs a driven clock")
    order = order_of(run, "order.third")
    found = run.of(Settlement, order.meter, slot=order.slot)
    awards = run.of(Award, order.meter, slot=order.slot)
    if not awards or not any(a.sold_wh for a in awards):
        return NotJudged("the order for the slot without reports was not traded")
    if not found:
        return Broken(f"{order.meter} did not report {order.slot} and was never settled")
    wrong = found[0].quality != "estimated" or found[0].metered_wh != found[0].award_wh
    return Broken(f"settled as {found[0].quality} with {found[0].metered_wh} Wh") if wrong else Held()
