"""The reports that a meter sends."""

from itertools import pairwise

from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.meter_judges.heard import calendar_at, said
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.messages import MeterReport
from wire.slots import parse_utc

NO_REPORT = "the meter sent no report"


def _by_slot(run: Evidence) -> dict[str, MeterReport]:
    """The newest report of each slot, in the order of the slots."""
    found: dict[str, MeterReport] = {}
    for _, report in said(run, MeterReport):
        held = found.get(report.slot)
        if held is None or held.sequence <= report.sequence:
            found[report.slot] = report
    return dict(sorted(found.items()))


@METER.asserts(210)
def _after_the_slot(run: Evidence) -> Verdict:
    found = said(run, MeterReport)
    wrong = []
    for read, report in found:
        calendar = calendar_at(run, read.place)
        if calendar is not None and read.at_s < parse_utc(report.slot) + 60 * calendar.slot_minutes:
            wrong.append(f"{report.slot} was reported before its end")
    return all_hold(wrong, len(found), missing=NO_REPORT)


@METER.asserts(211)
def _continues(run: Evidence) -> Verdict:
    reports = list(_by_slot(run).values())
    pairs = [(a, b) for a, b in pairwise(reports) if not b.replaces]
    wrong = [
        f"{a.slot} ends with {a.import_to_wh}/{a.export_to_wh} Wh, {b.slot} starts with "
        f"{b.import_from_wh}/{b.export_from_wh} Wh"
        for a, b in pairs
        if (a.import_to_wh, a.export_to_wh) != (b.import_from_wh, b.export_from_wh)
    ]
    return all_hold(wrong, len(pairs), missing="fewer than two slots were reported")


@METER.asserts(212)
def _does_not_fall(run: Evidence) -> Verdict:
    found = [report for _, report in said(run, MeterReport)]
    wrong = [
        f"{r.slot}: registers fall"
        for r in found
        if r.import_to_wh < r.import_from_wh or r.export_to_wh < r.export_from_wh
    ]
    return all_hold(wrong, len(found), missing=NO_REPORT)


@METER.asserts(213)
def _once(run: Evidence) -> Verdict:
    payloads: dict[tuple[str, int], set[bytes]] = {}
    wrong = []
    for read, report in said(run, MeterReport):
        payloads.setdefault((report.slot, report.sequence), set()).add(read.payload or b"")
        calendar = calendar_at(run, read.place)
        if calendar is not None and parse_utc(report.slot) % (60 * calendar.slot_minutes):
            wrong.append(f"{report.slot} is no slot")
    wrong += [f"{slot}: two contents with sequence {n}" for (slot, n), found in payloads.items() if len(found) > 1]
    return all_hold(wrong, len(payloads), missing=NO_REPORT)


@METER.asserts(215)
def _is_measured(run: Evidence) -> Verdict:
    reports = list(_by_slot(run).values())
    if len(reports) < 2:
        return NotJudged("fewer than two slots were reported")
    measured = [report for report in reports[1:] if report.quality == "measured"]
    return Held(len(measured)) if measured else Broken("every report is estimated, also of slots it was there for")
