"""What a position more is worth to a home: its plan with it against its plan without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hems.bidding.contracts import held_exchange
from hems.control.market_view import MarketView
from hems.control.present import Present
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from hems.planning.tariff import Exchange, two_steps

Floats = NDArray[np.float64]
GAP = 1e-5


@dataclass(slots=True, kw_only=True)
class ContractWorth:
    """The worth of contracts beyond what is held, `held_kw` (n,) from the plan's first slot on [kW, + bought]."""

    planner: Planner
    present: Present
    exchange: Exchange
    held_kw: Floats
    plan: Plan
    least_cost: float

    @classmethod
    def of(cls, planner: Planner, present: Present, view: MarketView) -> Self | None:
        """The worth on the present plan; None where prices bend back (feed-in above retail) or no plan is found."""
        tariff = present.problem.tariff
        if bool((tariff.export_price_per_kwh > tariff.import_price_per_kwh).any()):
            return None
        exchange = present.problem.exchange or two_steps(tariff)
        slots = [present.slot.shifted(k) for k in range(present.problem.slots)]
        held = np.array([view.position_wh(slot) for slot in slots]) / 1000.0 / present.slot_h
        plan, cost = _planned(planner, present, exchange, held)
        if plan.bound is None:
            return None
        least = cost - plan.objective + plan.bound
        return cls(planner=planner, present=present, exchange=exchange, held_kw=held, plan=plan, least_cost=least)

    @property
    def open_kw(self) -> Floats:
        """What the plan draws beyond what is held (n,) [kW]."""
        return np.asarray(self.plan.grid_kw - self.held_kw)

    def gain(self, first_s: int, signed_wh: Sequence[int]) -> float | None:
        """By how much the plan gets cheaper with a position more [currency], at least.

        None where its slots are not in the plan, or the connection could not carry the position.
        """
        held = self._with(first_s, signed_wh)
        if held is None:
            return None
        problem = self.present.problem
        if (held > problem.import_limit_kw).any() or (-held > problem.export_limit_kw).any():
            return None
        plan, cost = _planned(self.planner, self.present, self.exchange, held)
        return None if plan.bound is None else self.least_cost - cost

    def hold(self, first_s: int, signed_wh: Sequence[int]) -> None:
        """Takes a position as held from now on: what comes after it is worth less."""
        held = self._with(first_s, signed_wh)
        assert held is not None, "a contract that was worth something lies in the plan"
        self.held_kw = held
        self.plan, cost = _planned(self.planner, self.present, self.exchange, held)
        self.least_cost = cost - self.plan.objective + (self.plan.bound or self.plan.objective)

    def _with(self, first_s: int, signed_wh: Sequence[int]) -> Floats | None:
        slot = self.present.slot
        place = (first_s - slot.start_s) // slot.duration_s
        if place < 0 or place + len(signed_wh) > self.present.problem.slots:
            return None
        held = self.held_kw.copy()
        held[place : place + len(signed_wh)] += np.array(signed_wh) / 1000.0 / self.present.slot_h
        return held


def _planned(planner: Planner, present: Present, exchange: Exchange, held_kw: Floats) -> tuple[Plan, float]:
    """The plan when some power is held, and what it costs [currency]."""
    moved, at_nothing = held_exchange(exchange, held_kw, present.slot_h)
    problem = replace(present.problem, exchange=moved)
    plan = planner.plan(problem, gap=GAP, time_limit_s=present.time_limit_s, explain=False)
    return plan, plan.objective + at_nothing
