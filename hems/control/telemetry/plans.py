"""A plan, the prices and the forecasts behind it, as points at the slots that they are for."""

import math
from collections.abc import Iterator, Mapping, Sequence

from hems.forecasting.series import DAY_S, Forecast
from hems.planning.outlook import Outlook
from hems.planning.plan import DevicePlan
from hems.planning.plan import Plan as MadePlan
from wire.messages import Path
from wire.quantities import MICRO_PER_UNIT
from wire.slots import Slot, parse_utc
from wire.telemetry import Field, Point, point
from wire.telemetry.house import Forecast as ForecastPoint
from wire.telemetry.house import Plan, PlannedDevice, Planning, Price

LAST, DAY = "last", "day"
LOW, HIGH = 0.1, 0.9
STATES: Mapping[str, Field] = {
    "battery": PlannedDevice.soc,
    "ev": PlannedDevice.soc,
    "zone": PlannedDevice.temp_c,
}


def day_index(slots: int, slot_s: int) -> int:
    """The slot of a horizon that lies about a day ahead: the last one where it is shorter."""
    return min(slots, DAY_S // slot_s) - 1


def leads(slots: int, slot_s: int) -> Iterator[tuple[int, str]]:
    """(index, lead) of what a plan or forecast says: every slot as the last word, one as that of the day before."""
    yield from ((k, LAST) for k in range(slots))
    yield day_index(slots, slot_s), DAY


def plan_points(site: str, now_s: int, slot: Slot, plan: MadePlan, kinds: Mapping[str, str]) -> Iterator[Point]:
    """The points of a plan whose first slot is `slot`; a fallback plans nothing."""
    slots, slot_s = len(plan.grid_kw), slot.duration_s
    yield point(
        Planning,
        now_s,
        {Planning.site: site},
        {
            Planning.status: plan.status,
            Planning.is_fallback: int(plan.status == "fallback"),
            Planning.objective: plan.objective if math.isfinite(plan.objective) else None,
            Planning.slots: slots,
        },
    )
    if plan.status == "fallback":
        return
    for k, lead in leads(slots, slot_s):
        yield point(
            Plan,
            slot.shifted(k).start_s,
            {Plan.site: site, Plan.lead: lead},
            {
                Plan.net_wh: planned_wh(plan, slot, k),
                Plan.marginal_per_kwh: float(plan.marginal_price_per_kwh[k]),
            },
        )
    for device, made in plan.devices.items():
        if device in kinds:
            yield from _device_points(site, slot, device, kinds[device], made)


def planned_wh(plan: MadePlan, slot: Slot, k: int) -> int:
    """Planned net energy of the k-th slot [Wh, + import]."""
    return round(float(plan.grid_kw[k]) * slot.duration_s / 3.6)


def _device_points(site: str, slot: Slot, device: str, kind: str, made: DevicePlan) -> Iterator[Point]:
    field = STATES.get(kind)
    for k, power_kw in enumerate(made.power_kw.tolist()):
        state = math.nan if field is None or made.state is None else float(made.state[k])
        values: dict[Field, float | None] = {PlannedDevice.power_kw: power_kw}
        if field is not None and math.isfinite(state):
            values[field] = state
        yield point(
            PlannedDevice,
            slot.shifted(k).start_s,
            {PlannedDevice.site: site, PlannedDevice.device: device, PlannedDevice.kind: kind},
            values,
        )


def price_points(site: str, slot: Slot, outlook: Outlook, path: Path | None) -> Iterator[Point]:
    """Outside prices of the horizon, and the local ones that the community's path lets expect."""
    local = local_prices(path, slot.duration_s)
    pairs = zip(outlook.retail_per_kwh.tolist(), outlook.feed_in_per_kwh.tolist(), strict=True)
    for k, (retail, feed_in) in enumerate(pairs):
        start_s = slot.start_s + k * slot.duration_s
        values = {
            Price.retail_per_kwh: retail,
            Price.feed_in_per_kwh: feed_in,
            Price.local_per_kwh: local.get(start_s),
        }
        yield point(Price, start_s, {Price.site: site}, values)


def local_prices(path: Path | None, slot_s: int) -> dict[int, float]:
    """Expected local prices of a path by slot start [currency/kWh]."""
    if path is None:
        return {}
    first_s = parse_utc(path.first_slot)
    prices: Sequence[int | None] = path.price_micro_per_kwh
    return {first_s + k * slot_s: micro / MICRO_PER_UNIT for k, micro in enumerate(prices) if micro is not None}


def forecast_points(site: str, quantity: str, forecast: Forecast) -> Iterator[Point]:
    """A forecast with the quantiles around its mean."""
    low, high = forecast.quantiles[LOW], forecast.quantiles[HIGH]
    for k, lead in leads(len(forecast.mean_kw), forecast.slot_s):
        yield point(
            ForecastPoint,
            forecast.start_epoch_s + k * forecast.slot_s,
            {ForecastPoint.site: site, ForecastPoint.quantity: quantity, ForecastPoint.lead: lead},
            {
                ForecastPoint.expected_kw: float(forecast.mean_kw[k]),
                ForecastPoint.low_kw: float(low[k]),
                ForecastPoint.high_kw: float(high[k]),
            },
        )
