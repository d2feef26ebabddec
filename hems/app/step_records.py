"""What a step of the energy manager has decided and learnt, into the store: `hems why` answers from it."""

import logging
import math
from collections.abc import Callable, Sequence

from hems.app.learnt import Learnt
from hems.bidding.offers import Offers
from hems.control.as_decided import AsDecided
from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager
from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.io.edge_store import EdgeStore
from hems.io.problem_file import PlannedProblem, packed
from hems.metering.reading import Reading
from hems.planning.plan import Plan
from hems.site.comfort import adaptive_band
from hems.site.home import AdaptivePeriod, ZoneUnit
from wire.codec import canonical

LOG = logging.getLogger(__name__)


class StepRecords:
    """Records steps of one home; `planned` hears of each new plan [s since 1970]."""

    def __init__(
        self,
        store: EdgeStore,
        manager: EnergyManager,
        learnt: Learnt,
        outlook: LiveOutlook,
        *,
        trades: bool,
        planned: Callable[[int], None],
    ) -> None:
        self._store, self._manager, self._learnt, self._outlook = store, manager, learnt, outlook
        self._trades, self._planned = trades, planned
        self._recorded: Plan | None = None
        self._recorded_as: AsDecided | None = None
        self._has_adaptive_comfort = any(
            isinstance(period, AdaptivePeriod)
            for unit in manager.home.units
            if isinstance(unit, ZoneUnit)
            for period in unit.comfort
        )
        self._band_is_held = False

    def record(self, now_s: int, actions: Actions) -> None:
        """Records what a step has measured, decided, planned and learnt."""
        if actions.slot_means is not None:
            self._store.add_slot_means([actions.slot_means])
            if self._has_adaptive_comfort:
                self._note_comfort(now_s)
        if actions.decision is not None:
            self._store.add("decisions", _decided(now_s, actions.decision))
        self._record_problem(now_s)
        self._learnt.record(actions)
        plan, slot = self._manager.plan, self._manager.planned_slot
        if actions.strategy is not None and plan is not None and slot is not None:
            self._record_plan(slot.start_s, plan, actions.strategy.net_wh)

    def record_offers(self, now_s: int, offers: Offers) -> None:
        """Records what was decided in the other stages, and why."""
        slot_s = now_s - now_s % self._manager.home.slot_s
        rows = [(slot_s, about, now_s, "offer", 0.0, code, 0.0, 0.0, text) for about, code, text in offers.reasons]
        self._store.add("decisions", rows)

    def _record_problem(self, now_s: int) -> None:
        """Stores what the newest plan was made from, so that `hems why` can answer for it.

        Once when it is made, and once when its first slot is decided: by then load, sun and price of it are known.
        """
        manager = self._manager
        problem, plan, slot, decided = manager.problem, manager.plan, manager.planned_slot, manager.decided
        if problem is None or plan is None or slot is None:
            return
        if plan is self._recorded and decided is self._recorded_as:
            return
        about = AsDecided(problem=problem, plan=plan) if decided is None else decided
        stored = PlannedProblem.of(about.problem, about.plan, manager.futures)
        self._store.add_problem(slot.start_s, now_s, packed(stored))
        self._recorded_as = decided
        if plan is self._recorded:
            return
        if not self._trades:
            net_wh = [round(power_kw * manager.home.slot_h * 1000.0) for power_kw in plan.grid_kw.tolist()]
            self._record_plan(slot.start_s, plan, net_wh)
        self._recorded = plan
        self._planned(now_s)

    def _record_plan(self, start_s: int, plan: Plan, net_wh: Sequence[int]) -> None:
        """Stores a plan as it was handed to the market, or, in a home without one, as it was made."""
        row = (start_s, plan.status, plan.objective, canonical(list(net_wh)).decode(), _detail(plan))
        self._store.add("plans", [row])

    def record_reading(self, now_s: int, reading: Reading) -> None:
        """Records what the meter showed, in a home whose meter has no process of its own."""
        row = (now_s, reading.power_w, reading.import_wh, reading.export_wh, reading.quality.value)
        self._store.add("readings", [row])

    def _note_comfort(self, now_s: int) -> None:
        """Says once when the weather leaves the range of adaptive comfort, and once when it is back."""
        mean_c = self._outlook.signals.outdoor_days.prevailing_mean_c(now_s)
        is_held = mean_c is not None and adaptive_band(mean_c, 80).is_held
        if is_held != self._band_is_held:
            words = (
                "outside 10..33.5: the comfort band of the nearest edge is held" if is_held else "in 10..33.5 again"
            )
            LOG.warning("prevailing outdoor temperature %.1f degC is %s", mean_c, words)
        self._band_is_held = is_held


def _decided(now_s: int, decision: Decision) -> list[tuple[object, ...]]:
    """The setpoints of a decision as rows, each with its reason."""
    return [
        (
            decision.slot.start_s,
            s.device,
            now_s,
            decision.rung,
            s.power_kw,
            s.why.code,
            s.why.price_per_kwh,
            s.why.worth_per_h,
            s.why.text,
        )
        for s in decision.setpoints
    ]


def _detail(plan: Plan) -> str:
    """Planned states of all devices (null where a car is away) and marginal prices as JSON."""
    states = {
        name: [None if math.isnan(value) else round(value, 4) for value in device.state.tolist()]
        for name, device in plan.devices.items()
        if device.state is not None
    }
    marginal = [round(price, 6) for price in plan.marginal_price_per_kwh.tolist()]
    return canonical({"marginal_per_kwh": marginal, "state": states}).decode()
