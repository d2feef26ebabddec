"""Explaining one device in one slot: the questions asked of the solved program and what their answers say."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Device
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from hems.planning.reasons.actions import Action, Otherwise, Stretch, alternatives, stretch
from hems.planning.reasons.codes import Code
from hems.planning.reasons.counterfactual import Answer, Change, WhatIf, held
from hems.planning.reasons.differences import instead_of
from hems.planning.reasons.explanation import Explanation, Instead
from hems.planning.reasons.limits import limits
from hems.planning.reasons.moves import moved_away, moved_here, run_somewhere
from hems.planning.reasons.plan_reasons import code_at
from hems.planning.reasons.remedies import remedies
from hems.planning.tariff import two_steps

Floats = NDArray[np.float64]

_SELLS_KW = 1e-3
_SMALLEST_KW = 0.05  # less room than this is none
_WISH_CODES = {
    "departure_soc": Code.DEPARTURE,
    "final_soc": Code.RESERVE,
    "final_level": Code.RESERVE,
    "reserve_soc": Code.RESERVE,
    "served_load": Code.LOST_LOAD,
    "temp_min": Code.COMFORT,
    "temp_max": Code.COMFORT,
    "deadline": Code.DEADLINE,
    "run": Code.DEADLINE,
}


def explain(ask: WhatIf, device: Device, slot: int) -> Explanation:
    """The explanation of one device in one slot of the plan that `ask` holds."""
    plan, problem = ask.planned_plan(), ask.problem
    made = plan.devices[device.id]
    done = stretch(device, made, slot)
    base = ask.values(Change()) if done.action is not Action.NOTHING else None
    instead: tuple[Instead, ...] = ()
    if base is not None:
        asked = _answers(ask, plan, device, done)
        instead = tuple(instead_of(ask, device, done, what, planned=base, answer=answer) for what, answer in asked)
    soc = None if made.state is None or np.isnan(made.state[slot]) else float(made.state[slot])
    return Explanation(
        device=device,
        action=done.action,
        code=_code(problem, plan, device, done, instead),
        first=done.first,
        end=done.end,
        slot=slot,
        power_kw=float(made.power_kw[slot]),
        energy_kwh=float(made.power_kw[done.first : done.end].sum()) * problem.slot_h,
        state=soc,
        price=_price(problem, plan, slot),
        sells=bool(plan.grid_kw[slot] < -_SELLS_KW),
        worth=_worth(instead),
        instead=instead,
        limits=limits(problem, plan, device, done),
        remedies=() if base is None else tuple(remedies(ask, plan, device, done, instead)),
    )


def _worth(instead: tuple[Instead, ...]) -> float | None:
    whole = [other.cost for other in instead if not other.broken]
    return min(whole or [other.cost for other in instead], default=None)


def _answers(ask: WhatIf, plan: Plan, device: Device, done: Stretch) -> Iterator[tuple[Otherwise, Answer]]:
    """What doing otherwise would lead to; what is not possible is left out."""
    if isinstance(device, Appliance):
        yield from _moves(ask, plan, device, done)
        return
    for what, change in alternatives(ask, device, done, plan.devices[device.id]):
        answer = ask.least(device, change) or _as_far_as_possible(ask, device, what, change)
        if answer is not None:
            yield what, answer


def _as_far_as_possible(ask: WhatIf, device: Device, what: Otherwise, change: Change) -> Answer | None:
    """Doing it with the power that the connection has room for; None when that is nothing."""
    if what not in (Otherwise.CHARGE, Otherwise.GIVE):
        return None
    wanted = change.lower > 0.0
    dearest = float(np.abs(ask.problem.tariff.import_price_per_kwh).max()) + 1.0
    eager = Change(
        priced=change.columns[wanted], added=np.full(int(wanted.sum()), -20.0 * dearest * ask.problem.slot_h)
    )
    answer = ask.least(device, held(change.columns[~wanted], 0.0) + eager)
    return None if answer is None or float(answer.x[change.columns[wanted]].sum()) < _SMALLEST_KW else answer


def _moves(ask: WhatIf, plan: Plan, device: Appliance, done: Stretch) -> Iterator[tuple[Otherwise, Answer]]:
    on, part = plan.devices[device.id].on, ask.found.program.parts[device.id]
    assert on is not None
    price = plan.marginal_price_per_kwh
    if done.action is Action.RUNS:
        what, moves = Otherwise.NOT, moved_away(device, part, on, (done.first, done.end), price)
    elif on.any():
        what, moves = Otherwise.RUN, moved_here(device, part, on, done.slot, price)
    else:
        what, moves = Otherwise.RUN_AT_ALL, run_somewhere(device, part, price)
    answer = ask.best_of(moves)
    if answer is not None:
        yield what, answer


def _code(problem: Problem, plan: Plan, device: Device, done: Stretch, instead: tuple[Instead, ...]) -> Code:
    """The code of the plan's reasons, unless somebody told it to, or not doing it would break a wish."""
    if any(forced.device == device.id and done.slot < len(forced.power_kw) for forced in problem.forced or ()):
        return Code.MANUAL
    if done.action not in (Action.OFF, Action.NOTHING):
        for broken in (broken for other in instead for broken in other.broken):
            if broken.wish in _WISH_CODES:
                return _WISH_CODES[broken.wish]
    return code_at(problem, plan, device, done.slot)


def _price(problem: Problem, plan: Plan, slot: int) -> float:
    """Price of importing in a slot, or of selling where the site exports [currency/kWh]."""
    exchange = two_steps(problem.tariff) if problem.exchange is None else problem.exchange
    net_kw = float(plan.grid_kw[slot])
    if problem.exchange is None and net_kw > -_SELLS_KW:
        net_kw = max(net_kw, _SELLS_KW)
    step = int(np.searchsorted(exchange.breakpoints_kw[slot], net_kw, side="left"))
    co2 = float(problem.tariff.co2_per_kwh(problem.slots)[slot]) if net_kw > 0.0 else 0.0
    return float(exchange.prices_per_kwh[slot, step]) + co2
