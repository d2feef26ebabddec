"""The hours before and after now on one time axis: prices, power of every part of the home, charge of storage."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hems.control.energy_manager import EnergyManager
from hems.control.house_view.now import Kind, kind_of
from hems.control.house_view.trace import TraceSlot
from hems.control.market_view import MarketView
from hems.planning.plan import Floats
from hems.site.home import BatteryUnit, Unit
from wire.quantities import price_per_kwh
from wire.slots import Slot, parse_utc

Values = tuple[float | None, ...]
PAST_SLOTS_MAX = 300
Tariff = Callable[[int, int], tuple[Iterable[float], Iterable[float]]]  # (start_s, slots) -> retail, feed-in


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One part of the home over the axis: power [kW, + into it], or charge (0..1)."""

    name: str
    kind: Kind | str
    kw: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """All series have one value per slot from `start_s` on; None where nothing is known. Prices in currency/kWh.

    Before slot `now_slot` they are measured, from it on planned; `now` is this moment in slots. `expected` is the
    local price that the community's plans let expect. `soc` is 0..1 at the end of each slot.
    """

    start_s: int
    slot_minutes: int
    now_slot: int
    now: float
    status: str
    retail: Values
    feed_in: Values
    expected: Values
    grid_kw: Values
    lanes: tuple[Lane, ...]
    soc: tuple[Lane, ...]
    cost: float

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.retail)


def plan_view(
    now_s: int, manager: EnergyManager, market: MarketView, trace: Sequence[TraceSlot], tariff: Tariff
) -> PlanView | None:
    """The view of the newest plan behind the last measured hours; None before the first plan."""
    plan, first = manager.plan, manager.planned_slot
    if plan is None or first is None or manager.outlook is None:
        return None
    past = _Past(trace, first)
    ahead = len(plan.grid_kw)
    retail, feed_in = tariff(past.start_s, past.count + ahead)
    lanes = [Lane(name="", kind="house", kw=past.values(lambda s: s.base_kw) + _known(manager.outlook.base_kw))]
    charges = []
    for unit in manager.home.units:
        planned = plan.devices.get(unit.id)
        lanes.append(_power_lane(unit, past, None if planned is None else planned.power_kw, ahead))
        if isinstance(unit, BatteryUnit):
            charges.append(_charge_lane(unit, past, None if planned is None else planned.state, ahead))
    return PlanView(
        start_s=past.start_s,
        slot_minutes=first.minutes,
        now_slot=past.count,
        now=(now_s - past.start_s) / first.duration_s,
        status=plan.status,
        retail=_known(retail),
        feed_in=_known(feed_in),
        expected=_expected(market, first, past.count, ahead),
        grid_kw=past.values(lambda s: s.grid_kw) + _known(plan.grid_kw),
        lanes=tuple(lanes),
        soc=tuple(charges),
        cost=float(plan.objective),
    )


class _Past:
    """The measured slots before the first planned one, without gaps on the axis."""

    def __init__(self, trace: Sequence[TraceSlot], first: Slot) -> None:
        self._slots = {slot.start_s: slot for slot in trace if slot.start_s < first.start_s}
        begin_s = max(min(self._slots, default=first.start_s), first.start_s - PAST_SLOTS_MAX * first.duration_s)
        self.start_s, self._width_s = begin_s, first.duration_s
        self.count = (first.start_s - begin_s) // first.duration_s

    def values(self, value: Callable[[TraceSlot], float | None]) -> Values:
        """One value per slot, None where nothing was measured."""
        starts = (self.start_s + k * self._width_s for k in range(self.count))
        return tuple(None if (slot := self._slots.get(start_s)) is None else value(slot) for start_s in starts)


def _power_lane(unit: Unit, past: _Past, planned_kw: Floats | None, ahead: int) -> Lane:
    power = _missing(ahead) if planned_kw is None else _known(planned_kw)
    return Lane(name=unit.id, kind=kind_of(unit), kw=past.values(lambda s: s.device_kw.get(unit.id)) + power)


def _charge_lane(unit: Unit, past: _Past, planned: Floats | None, ahead: int) -> Lane:
    state = _missing(ahead) if planned is None else _known(planned)
    return Lane(name=unit.id, kind=kind_of(unit), kw=past.values(lambda s: s.soc.get(unit.id)) + state)


def _known(values: Iterable[float]) -> Values:
    return tuple(None if not math.isfinite(value) else round(float(value), 4) for value in values)


def _missing(count: int) -> Values:
    return (None,) * count


def _expected(market: MarketView, first: Slot, before: int, ahead: int) -> Values:
    path = market.path
    if path is None:
        return _missing(before + ahead)
    offset = (parse_utc(path.first_slot) - first.start_s) // first.duration_s
    prices = {k + offset: price for k, price in enumerate(path.price_micro_per_kwh) if price is not None}
    return tuple(price_per_kwh(prices[k]) if k in prices else None for k in range(-before, ahead))
