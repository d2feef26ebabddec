"""What a home keeps in its battery for an ancillary award: the plan may do everything but spend it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hems.bidding.promise import Promise, Standby
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.standby import floors_kwh, least_kwh, others_kw, standing_battery, with_floors
from wire.slots import Slot

Floats = NDArray[np.float64]
Standbys = Mapping[int, Standby]
SLACK_SOC = 1e-4


def standbys_from(standbys: Standbys, slot: Slot, count: int) -> dict[int, Standby]:
    """The slots of standing by among `count` slots from one on."""
    return {start_s: standby for start_s, standby in standbys.items() if 0 <= _place(start_s, slot) < count}


def reserve_kept(
    problem: Problem, plan: Plan, slot: Slot, held: tuple[Standbys, Mapping[int, Promise]], spread_kw: Floats
) -> Problem | None:
    """The problem from `slot` on in which the battery keeps what stands by; None where the plan keeps it already.

    `held` is what stands by and what is promised; slots that are activated count with what they are called for. What
    the battery cannot hold is left out: as much as possible is kept.
    """
    standbys, promises = held
    battery = standing_battery(problem)
    if battery is None:
        return None
    net_kw = others_kw(problem, plan, battery) + spread_kw
    kept = problem
    for first, run in _runs(standbys, slot):
        needs = []
        for k, standby in enumerate(run, first):
            called = promises.get(slot.shifted(k).start_s)
            give_wh = standby.reserved_wh if called is None else called.awarded_wh
            needs.append(float(net_kw[k]) - (standby.limit_wh - give_wh) / 1000.0 / problem.slot_h)
        floors = floors_kwh(battery, first, np.clip(needs, 0.0, battery.discharge_kw_max).tolist(), problem.slot_h)
        full_kwh = battery.soc_max * battery.capacity_kwh
        floors = np.minimum(floors, max(full_kwh, least_kwh(battery, first, len(run))))
        kept = with_floors(kept, standing_battery(kept) or battery, first, floors)
    wanted, state = standing_battery(kept), plan.devices[battery.id].state
    if wanted is None or wanted.reserve_soc is None or state is None:
        return None
    return kept if bool((state < wanted.reserve_soc - SLACK_SOC).any()) else None


def same_standby(standbys: Standbys, others: Standbys) -> bool:
    """Whether the same stands by; what the limits are reckoned to be by now does not matter."""
    return {s: (b.call, b.reserved_wh) for s, b in standbys.items()} == {
        s: (b.call, b.reserved_wh) for s, b in others.items()
    }


def standby_words(standby: Standby) -> str:
    """What a setpoint in a slot of standing by says about the call."""
    return (
        f" Standing by ({standby.call}): {standby.reserved_wh / 1000:.2f} kWh are kept in the battery; "
        "the operator has not called for them in this slot."
    )


def _runs(standbys: Standbys, slot: Slot) -> list[tuple[int, list[Standby]]]:
    """Slots of standing by in a row: the place of the first one, and what stands by in each."""
    runs: list[tuple[int, list[Standby]]] = []
    for start_s in sorted(standbys):
        place = _place(start_s, slot)
        if runs and runs[-1][0] + len(runs[-1][1]) == place:
            runs[-1][1].append(standbys[start_s])
        else:
            runs.append((place, [standbys[start_s]]))
    return runs


def _place(start_s: int, slot: Slot) -> int:
    return (start_s - slot.start_s) // slot.duration_s
