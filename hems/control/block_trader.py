"""Block orders of a day-ahead stage: tomorrow's run of each appliance, at its worth, in a few alternative starts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hems.bidding.blocks import STARTS_MAX, BlockBid, chosen_starts, limit_micro
from hems.bidding.sessions import closing_sessions
from hems.bidding.steps import Band
from hems.bidding.wording import block_words
from hems.control.present import Present
from hems.planning.device import Appliance
from hems.planning.home_problem import appliance_profile_kw, local_hours
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.site.home import ApplianceUnit, Home
from wire.messages import Calendar, StageKind
from wire.quantities import micro_per_kwh
from wire.slots import Slot

Floats = NDArray[np.float64]

GAP = 1e-5
DEVICE_CHARS_MAX = 50  # the name of a block has a start beside it
PRICED = "uniform_price_k_double_auction"  # the auction of which block orders are a part


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The slots of a day-ahead auction that closes now: their stage, and where they begin and end in the plan."""

    stage: str
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a home knows at the turn of a day-ahead gate; `rest` is its plan without any run of that day."""

    home: Home
    present: Present
    outlook: Outlook
    day: Day
    rest: Plan
    starts_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBids:
    """The blocks of one device's run, and the reason in plain words; none: why not."""

    device: str
    why: str
    blocks: tuple[BlockBid, ...] = ()


@dataclass(slots=True)
class BlockTrader:
    """Sends blocks for one home; `margin_micro` is what a block has to gain [micro/kWh]."""

    margin_micro: int
    planner: Planner

    def bids(self, home: Home, present: Present, outlook: Outlook, calendar: Calendar | None) -> list[RunBids]:
        """The blocks of each appliance at the turn of a day-ahead gate; elsewhere nothing."""
        day = closing_day(calendar, present.slot)
        units = [unit for unit in home.units if isinstance(unit, ApplianceUnit)]
        if calendar is None or day is None or day.end > present.problem.slots or not units:
            return []
        rest = self._planned(present, present.problem)
        if rest.status == "fallback":
            return []
        starts_max = min(STARTS_MAX, calendar.blocks_max // len(units))
        turn = Turn(home=home, present=present, outlook=outlook, day=day, rest=rest, starts_max=starts_max)
        return [self._of(unit, turn) for unit in units]

    def _planned(self, present: Present, problem: Problem) -> Plan:
        return self.planner.plan(problem, gap=GAP, time_limit_s=present.time_limit_s, explain=False)

    def _of(self, unit: ApplianceUnit, turn: Turn) -> RunBids:
        def nothing(why: str) -> RunBids:
            return RunBids(device=unit.id, why=block_words(unit.id, f"sends no block, {why}"))

        if len(unit.id) > DEVICE_CHARS_MAX:
            return nothing(f"a block has room for a name of {DEVICE_CHARS_MAX} characters")
        if is_due_tomorrow(unit.id, turn):
            return nothing("the run that is still to come reaches into tomorrow")
        run = tomorrows_run(unit, turn)
        if run is None:
            return nothing("its programme does not fit into the hours of tomorrow")
        problem = turn.present.problem
        whole = self._planned(turn.present, replace(problem, devices=(*problem.devices, run)))
        if whole.bound is None or len(whole.violations) > len(turn.rest.violations):
            return nothing("no plan was found with its run tomorrow")
        blocks = self._blocks(unit.id, run, whole.marginal_price_per_kwh, whole.bound, turn)
        if not blocks:
            return nothing("it is worth less than feeding in, or the connection has no room for it")
        return RunBids(device=unit.id, why=block_words(unit.id, "", blocks), blocks=blocks)

    def _blocks(self, device: str, run: Appliance, prices: Floats, cost: float, turn: Turn) -> tuple[BlockBid, ...]:
        """One block per chosen start; `prices` are expected, `cost` is the least that all can cost with the run."""
        assert run.profile_kw is not None, "a programme has a profile"
        length, slot_h = len(run.profile_kw), turn.present.slot_h
        energy_wh = tuple(np.rint(run.profile_kw * slot_h * 1000.0).astype(int).tolist())
        starts = possible_starts(run, turn)
        expected = [float(prices[start : start + length] @ run.profile_kw) for start in starts]
        blocks = []
        for start in chosen_starts(starts, expected, turn.starts_max) if sum(energy_wh) else ():
            band = band_over(turn.outlook, range(start, start + length))
            price = limit_micro(cost, turn.rest.objective, sum(energy_wh), self.margin_micro, band)
            if price is not None:
                blocks.append(
                    BlockBid(
                        stage=turn.day.stage,
                        device=device,
                        group=f"{device}-{turn.present.slot.shifted(turn.day.first).start_s}",
                        first=turn.present.slot.shifted(start),
                        price_micro=price,
                        energy_wh=energy_wh,
                    )
                )
        return tuple(blocks)


def closing_day(calendar: Calendar | None, slot: Slot) -> Day | None:
    """The day whose day-ahead auction closes at a turn and takes block orders; None when there is none."""
    if calendar is None or calendar.blocks_max == 0:
        return None
    for stage in calendar.stages:
        if stage.kind is not StageKind.DAY_AHEAD or stage.mechanism != PRICED or stage.sealed:
            continue
        closing = [s for s, gate in closing_sessions(calendar.stages, slot) if gate.stage == stage.stage]
        if closing:
            first, last = ((s.start_s - slot.start_s) // slot.duration_s for s in (closing[0], closing[-1]))
            return Day(stage=stage.stage, first=first, end=last + 1)
    return None


def is_due_tomorrow(device: str, turn: Turn) -> bool:
    """Whether the plan itself has a run of the device that may fall into the day of the auction."""
    planned = (d for d in turn.present.problem.devices if isinstance(d, Appliance) and d.id == device)
    return any(d.latest_end_slot > turn.day.first for d in planned)


def tomorrows_run(unit: ApplianceUnit, turn: Turn) -> Appliance | None:
    """The programme's run of that day; None where its window is too short."""
    day, profile = turn.day, appliance_profile_kw(unit, turn.home.slot_s)
    hours = local_hours(turn.home, turn.outlook)[day.first : day.end]
    inside = np.flatnonzero((hours >= unit.earliest_hour) & (hours < unit.latest_end_hour))
    if unit.earliest_hour > unit.latest_end_hour or len(inside) < len(profile):
        return None  # a window over midnight has its evening in one day and its morning in another
    first, end = day.first + int(inside[0]), day.first + int(inside[-1]) + 1
    return Appliance(id=f"{unit.id}~tomorrow", profile_kw=profile, earliest_slot=first, latest_end_slot=end)


def possible_starts(run: Appliance, turn: Turn) -> list[int]:
    """Starts at which the connection carries the run beside the rest of the home."""
    assert run.profile_kw is not None, "a programme has a profile"
    length = len(run.profile_kw)
    room = turn.present.problem.import_limit_kw - turn.rest.grid_kw
    starts = range(run.earliest_slot, run.latest_end_slot - length + 1)
    return [start for start in starts if (room[start : start + length] >= run.profile_kw).all()]


def band_over(outlook: Outlook, slots: Sequence[int]) -> Band:
    """The prices between which a block over some slots has to lie: lowest feed-in, highest retail."""
    at = list(slots)
    return Band(
        feed_in_micro=micro_per_kwh(float(outlook.feed_in_per_kwh[at].min())),
        retail_micro=micro_per_kwh(float(outlook.retail_per_kwh[at].max())),
    )
