"""What it costs a home to deliver to a call, and the guard: nothing is promised that the plan cannot keep."""

from collections.abc import Sequence
from dataclasses import dataclass

from hems.bidding.flexibility import limits_kw
from hems.control.call_view import CallView
from hems.control.present import Present
from hems.planning.net_limits import LimitedPlan
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.violations import weighed
from wire.messages import Call

BROKEN_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCost:
    """Cost [currency] of an energy in every slot of a call beyond that of the present plan, which `planner` holds.

    `first` is the place of the call's first slot in the plan.
    """

    planner: Planner
    present: Present
    plan: Plan
    view: CallView
    call: Call
    first: int
    baseline_wh: Sequence[int]

    def __call__(self, energy_wh: int) -> float | None:
        """The cost as expected; None where the energy could not be delivered, or not if things come out worse."""
        held = self._held([float(energy_wh)] * self.call.slots)
        if held is None or not self._delivers(held, energy_wh):
            return None
        spread_wh = self.present.spread_kw[self._at] * self.present.slot_h * 1000.0
        if spread_wh.any() and self._held((energy_wh + spread_wh).tolist()) is None:
            return None
        return held.cost - self.plan.objective

    @property
    def _at(self) -> slice:
        return slice(self.first, self.first + self.call.slots)

    def _held(self, delivered_wh: Sequence[float]) -> LimitedPlan | None:
        """The plan that delivers these energies; None where there is none, or a load or wish would give way."""
        planned_wh = self.plan.grid_kw[self._at] * self.present.slot_h * 1000.0
        limits = limits_kw(
            self.call.direction, planned_wh.tolist(), self.baseline_wh, delivered_wh, self.present.slot_h
        )
        held = self.planner.limited(
            dict(enumerate(limits, self.first)), "at_most" if self.call.direction == "reduce" else "at_least"
        )
        return None if held is None or self._breaks_more(held) else held

    def _breaks_more(self, held: LimitedPlan) -> bool:
        """Whether a load or a wish would give way for it."""
        now = weighed(self.present.problem, self.plan.violations)
        return any(then > before + BROKEN_TOLERANCE for then, before in zip(held.broken, now, strict=True))

    def _delivers(self, held: LimitedPlan, energy_wh: int) -> bool:
        """Whether it is a delivery also against the baseline that the plan itself leads to."""
        planned = self.present.planned_wh(held.grid_kw)
        baseline = self.view.baseline_wh(self.call, planned, self.present.slot.minutes) or self.baseline_wh
        sign = 1 if self.call.direction == "reduce" else -1
        starts = [self.present.slot.shifted(self.first + k).start_s for k in range(self.call.slots)]
        return all(sign * (b - planned[s]) >= energy_wh for b, s in zip(baseline, starts, strict=True))
