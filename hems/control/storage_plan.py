"""How a home uses a share of the community's storage: the plan of a battery that is not there, beside its own plan.

The share changes nothing that the home does itself, only what it trades: its net power at the market is what its
meter will show and what the share charges. So the share is planned on the prices at which the home's plan leaves it,
with its part of the storage's power, which the storage always has for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.bidding.contracts import held_exchange
from hems.control.present import Present
from hems.planning.device import Battery
from hems.planning.planner import Planner
from hems.planning.problem import Exchange, Problem, Tariff
from hems.planning.tariff import two_steps
from wire.messages import StorageRules

Floats = NDArray[np.float64]

ID = "storage"
GAP = 1e-5
PPM = 1e6
NO_LIMIT_KW = np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareUse:
    """The planned use of a share: power [kW, + charge] (n,), stored energy after each slot [kWh] (n,), its cost."""

    power_kw: Floats
    energy_kwh: Floats
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePlanner:
    """Plans the use of shares beside a home's plan, which draws `net_kw` (n,) from the present slot on.

    `published_kw` (n,) of the share's use is a part of the community's path already.
    """

    planner: Planner
    present: Present
    rules: StorageRules
    net_kw: Floats
    published_kw: Floats
    stored_value: float

    @property
    def has_prices(self) -> bool:
        """Whether prices rise with what is drawn; where feed-in pays more than retail nothing can be planned."""
        tariff = self.present.problem.tariff
        return not bool((tariff.export_price_per_kwh > tariff.import_price_per_kwh).any())

    def use(self, share_wh: int, level_wh: int, *, first: int, end: int, final_value: float) -> ShareUse | None:
        """The best use of a share in the slots `first` to `end` of the plan, with `level_wh` in it before.

        None when no plan was found. The cost [currency] is what the home's energy costs more than without the share,
        less what is in it at the end.
        """
        capacity_wh = max(share_wh, level_wh)
        problem = self._problem(capacity_wh, share_wh, level_wh, slice(first, end), final_value)
        plan = self.planner.plan(problem, gap=GAP, time_limit_s=self.present.time_limit_s, explain=False)
        if plan.status == "fallback":
            return None
        used = plan.devices[ID]
        assert used.state is not None, "a battery has a state"
        energy = np.asarray(used.state * capacity_wh / 1000.0)
        return ShareUse(power_kw=used.power_kw, energy_kwh=energy, cost=plan.objective)

    def _problem(self, capacity_wh: int, share_wh: int, level_wh: int, slots: slice, final_value: float) -> Problem:
        exchange = self._exchange(slots)
        n, part = len(exchange.prices_per_kwh), share_wh / self.rules.capacity_wh
        out_of = self.rules.discharge_efficiency_ppm / PPM
        share = Battery(
            id=ID,
            capacity_kwh=capacity_wh / 1000.0,
            charge_kw_max=self.rules.charge_w / 1000.0 * part,
            discharge_kw_max=self.rules.discharge_w / 1000.0 * max(part, level_wh / self.rules.capacity_wh),
            charge_efficiency=self.rules.charge_efficiency_ppm / PPM,
            discharge_efficiency=out_of,
            soc_min=0.0,
            soc_max=1.0,
            soc_initial=level_wh / capacity_wh,
            final_value_per_kwh=final_value * out_of,
        )
        zeros = np.zeros(n)
        return Problem(
            slot_h=self.present.slot_h,
            base_kw=zeros,
            import_limit_kw=np.full(n, NO_LIMIT_KW),
            export_limit_kw=np.full(n, NO_LIMIT_KW),
            lost_load_value_per_kwh=0.0,
            tariff=Tariff(import_price_per_kwh=zeros, export_price_per_kwh=zeros),
            devices=(share,),
            exchange=exchange,
        )

    def _exchange(self, slots: slice) -> Exchange:
        """What the use of the share costs: that of the home's net power with it, beyond the one without it."""
        problem = self.present.problem
        whole = problem.exchange or two_steps(problem.tariff)
        part = Exchange(prices_per_kwh=whole.prices_per_kwh[slots], breakpoints_kw=whole.breakpoints_kw[slots])
        held_kw = self.published_kw[slots] - self.net_kw[slots]
        return held_exchange(part, held_kw, self.present.slot_h)[0]
