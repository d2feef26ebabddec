"""Sources of `hems why`: the plan that is asked about, from a case file or from the records of a running home."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hems.io.case_file import read_case
from hems.io.edge_records import EdgeRecords, Told
from hems.io.problem_file import PlannedProblem, unpacked
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem, problem_from_case
from hems.site.config import parse_config

_SAME_KW = 0.05


class NotAnswerable(Exception):
    """The question has no answer here: the message says what exists, the exit status is 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan that can be asked about, the slot, and what the devices were told in it (empty for a case)."""

    planner: Planner
    problem: Problem
    plan: Plan
    start: datetime
    zone: ZoneInfo
    slot: int
    told: Mapping[str, Told] = field(default_factory=dict)
    stored: PlannedProblem | None = None  # None: planned for the first time

    def at(self, slot: int) -> str:
        """Local time of day at which a slot begins."""
        return self.moment(slot).strftime("%H:%M")

    def moment(self, slot: int) -> datetime:
        """Local time at which a slot begins."""
        return (self.start + timedelta(hours=slot * self.problem.slot_h)).astimezone(self.zone)

    def differs(self, device: str) -> bool:
        """Whether planning the stored problem again gives another power than was planned then."""
        if self.stored is None or device not in self.plan.devices:
            return False
        planned = float(self.stored.powers_kw[device][self.slot])
        return abs(float(self.plan.devices[device].power_kw[self.slot]) - planned) > _SAME_KW


def from_case(path: str, at: str | None, zone: ZoneInfo) -> Asked:
    """The plan of a case file. Raises: CaseError, NotAnswerable."""
    case = read_case(path)
    problem, start = problem_from_case(case), datetime.fromisoformat(case.start)
    moment = start if at is None else _moment(at, zone, lambda: start)
    slot = _slot_of(problem, start, zone, moment)
    planner = Planner(time.perf_counter)
    return Asked(planner=planner, problem=problem, plan=planner.plan(problem), start=start, zone=zone, slot=slot)


def from_home(path: Path, at: str | None, now: datetime) -> Asked:
    """The newest plan of a home for a moment, made again from its record.

    In announced time "now" is when a device was told something last.

    Raises: OSError, ConfigError, StoreError, ProblemFileError, NotAnswerable.
    """
    config = parse_config(path.read_text(encoding="utf-8"), str(path))
    zone = ZoneInfo(config.home.timezone)
    records = EdgeRecords(path.resolve().parent / config.home.state_dir / "ems.db")
    try:
        if config.clock.mode == "driven" and (told_s := records.newest_told_s()) is not None:
            now = datetime.fromtimestamp(told_s, UTC)
        moment = now if at is None else _moment(at, zone, lambda: _midnight(now, zone))
        return _asked(records, moment, zone, slot_s=60 * config.home.slot_minutes)
    finally:
        records.close()


def _asked(records: EdgeRecords, moment: datetime, zone: ZoneInfo, *, slot_s: int) -> Asked:
    at_s = int(moment.timestamp())
    found = records.problem_before(at_s)
    if found is None:
        raise NotAnswerable(f"{_said(moment, zone)}: no plan is stored for it; {_span(records, zone)}")
    stored = unpacked(found.document)
    start = datetime.fromtimestamp(found.slot_s, UTC)
    if at_s >= found.slot_s + round(stored.problem.slots * stored.problem.slot_h * 3600):
        raise NotAnswerable(f"{_said(moment, zone)}: no plan reaches it; {_span(records, zone)}")
    planner = Planner(time.perf_counter)
    plan = planner.plan(stored.problem, previous=stored.as_plan(), futures=stored.futures)
    return Asked(
        planner=planner,
        problem=stored.problem,
        plan=plan,
        start=start,
        zone=zone,
        slot=int((at_s - found.slot_s) // (stored.problem.slot_h * 3600)),
        told=records.told(at_s - at_s % slot_s),
        stored=stored,
    )


def _span(records: EdgeRecords, zone: ZoneInfo) -> str:
    known = records.first_and_last_s()
    if known is None:
        return "none is stored at all yet: the energy manager has to plan once"
    first, last = (_said(datetime.fromtimestamp(s, UTC), zone) for s in known)
    return f"plans are stored that begin from {first} to {last}"


def _said(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _moment(text: str, zone: ZoneInfo, after: Callable[[], datetime]) -> datetime:
    """The moment of a time of day (the first from `after` on) or of a date and time, local if it names no offset."""
    try:
        if len(text) == 5 and text[2] == ":":
            first = after().astimezone(zone)
            found = first.replace(hour=int(text[:2]), minute=int(text[3:]), second=0, microsecond=0)
            return found if found >= first else found + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAnswerable(f"--at {text}: not a time; give 18:30 or 2026-06-15T18:30") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _slot_of(problem: Problem, start: datetime, zone: ZoneInfo, moment: datetime) -> int:
    slot = int((moment - start).total_seconds() // (problem.slot_h * 3600))
    if not 0 <= slot < problem.slots:
        end = start + timedelta(hours=problem.slots * problem.slot_h)
        raise NotAnswerable(
            f"{_said(moment, zone)}: outside of the case, which lasts from {_said(start, zone)} to {_said(end, zone)}"
        )
    return slot
