"""What a home makes of a share: its use obeys the storage, costs what is said, and more of it is worth ever less.

The judge counts the energy and the cost of a use anew: that of the home's net power with the share, less without it.
"""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_contract_bids import SLOT_H, SLOTS, scenes

from hems.bidding.storage import share_steps
from hems.control.present import Present
from hems.control.storage_plan import SharePlanner, ShareUse
from hems.planning.outlook import Outlook
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.planning.tariff import two_steps
from tests.fakes import slot
from wire.messages import StorageRules

TOLERANCE = 2e-4
RULES = StorageRules(
    community="elm",
    stage="storage",
    storage_meter="home-9",
    capacity_wh=8_000,
    charge_w=4_000,
    discharge_w=3_000,
    charge_efficiency_ppm=900_000,
    discharge_efficiency_ppm=850_000,
    standing_loss_per_day_ppm=0,
    allocation="auction",
    period_days=1,
    first_period=slot(0).label,
    allocation_lead_s=900,
    reserve_price_micro_per_kwh=0,
    handover_price_micro_per_kwh=0,
)
PLANNER = Planner()
FEW = settings(max_examples=40)


def share_planner(problem: Problem) -> SharePlanner:
    present = Present(slot=slot(0), problem=problem, spread_kw=np.zeros(SLOTS), time_limit_s=60.0)
    plan = PLANNER.plan(problem, gap=1e-5, explain=False)
    return SharePlanner(
        planner=Planner(),
        present=present,
        rules=RULES,
        net_kw=plan.grid_kw,
        published_kw=np.zeros(SLOTS),
        stored_value=0.15,
    )


@FEW
@given(scenes(), st.integers(1, 8_000), st.floats(0.0, 1.0), st.integers(0, 6))
def test_a_use_obeys_the_storage_and_costs_what_is_said(
    scene: tuple[Problem, Outlook], share_wh: int, filled: float, first: int
) -> None:
    problem, _ = scene
    shares, level_wh = share_planner(problem), int(filled * share_wh)
    use = shares.use(share_wh, level_wh, first=first, end=SLOTS, final_value=0.15)
    assert isinstance(use, ShareUse)
    part = share_wh / RULES.capacity_wh
    stored = level_wh / 1000.0
    for power, after in zip(use.power_kw, use.energy_kwh, strict=True):
        assert -3.0 * part - 1e-6 <= power <= 4.0 * part + 1e-6
        stored += SLOT_H * (0.9 * power if power > 0 else power / 0.85)
        assert abs(after - stored) < 1e-4 and -1e-6 <= stored <= share_wh / 1000.0 + 1e-6
    exchange = problem.exchange or two_steps(problem.tariff)
    net = shares.net_kw.copy()
    without = float(exchange.cost_per_h(net).sum()) * SLOT_H
    net[first:] += use.power_kw
    cost = float(exchange.cost_per_h(net).sum()) * SLOT_H - without - 0.15 * 0.85 * stored
    assert abs(cost - use.cost) < TOLERANCE
    assert use.cost <= -0.15 * 0.85 * level_wh / 1000.0 + TOLERANCE, "no use costs more than leaving it alone"


@FEW
@given(scenes())
def test_more_of_the_storage_is_worth_ever_less(scene: tuple[Problem, Outlook]) -> None:
    shares, sizes_wh = share_planner(scene[0]), (500, 1_000, 2_000, 4_000, 8_000)
    uses = [shares.use(size, 0, first=0, end=SLOTS, final_value=0.15) for size in sizes_wh]
    worths = [0.0 if use is None else -use.cost for use in uses]
    assert all(later >= earlier - TOLERANCE for earlier, later in pairwise([0.0, *worths]))
    per_wh = [(b - a) / (y - x) for (a, x), (b, y) in pairwise(zip([0.0, *worths], [0, *sizes_wh], strict=True))]
    assert all(after <= before + TOLERANCE / 500 for before, after in pairwise(per_wh))
    steps = share_steps(sizes_wh, worths, part=1.0, reserve_micro=0)
    assert all(after[0] <= before[0] for before, after in pairwise(steps))
    paid = sum(price * energy_wh for price, energy_wh in steps) / 1e9
    bid_wh = sum(energy_wh for _, energy_wh in steps)
    if steps:
        assert paid <= worths[sizes_wh.index(bid_wh)] + TOLERANCE, "nobody bids more than a share is worth to it"
