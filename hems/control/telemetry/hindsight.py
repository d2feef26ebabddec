"""What was expected of a slot against what it brought: remembered until the slot is over."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hems.control.history import SlotMeans
from hems.control.telemetry.plans import HIGH, LOW, day_index, planned_wh
from hems.forecasting.series import Forecast
from hems.metering.image import SiteImage
from hems.planning.plan import Plan
from wire.slots import Slot
from wire.telemetry import Point, point
from wire.telemetry.house import ForecastError, PlanError

Expected = tuple[float, float, float]  # mean, low and high quantile [kW]
DAYS_KEPT_S = 2 * 86_400


@dataclass(slots=True)
class Hindsight:
    """Plans and forecasts of the slots to come, in memory: after a restart errors begin anew."""

    site: str
    _forecasts: dict[tuple[int, str, str], Expected] = field(default_factory=dict)
    _plans: dict[tuple[int, str], int] = field(default_factory=dict)
    _samples: list[float] = field(default_factory=list)
    _running: Slot | None = None

    def planned(self, slot: Slot, plan: Plan) -> None:
        """Remembers a plan whose first slot is `slot`."""
        if plan.status == "fallback":
            return
        self._plans[slot.start_s, "last"] = planned_wh(plan, slot, 0)
        k = day_index(len(plan.grid_kw), slot.duration_s)
        self._plans.setdefault((slot.shifted(k).start_s, "day"), planned_wh(plan, slot, k))

    def expected(self, quantity: str, forecast: Forecast) -> None:
        """Remembers a forecast of "load" or "generation"."""
        for k, lead in ((0, "last"), (day_index(len(forecast.mean_kw), forecast.slot_s), "day")):
            key = (forecast.start_epoch_s + k * forecast.slot_s, quantity, lead)
            low, high = forecast.quantiles[LOW], forecast.quantiles[HIGH]
            value = (float(forecast.mean_kw[k]), float(low[k]), float(high[k]))
            if lead == "last" or key not in self._forecasts:
                self._forecasts[key] = value

    def seen(self, slot: Slot, image: SiteImage) -> Iterator[Point]:
        """Takes one image; the errors of the plans for the slot that it ended, if any."""
        if self._running is not None and self._running != slot:
            yield from self._plan_errors(self._running)
            self._samples = []
            self._forget(slot.start_s)
        self._running = slot
        self._samples.append(image.grid_w)

    def _plan_errors(self, slot: Slot) -> Iterator[Point]:
        metered_wh = round(sum(self._samples) / len(self._samples) * slot.duration_s / 3600.0)
        for lead in ("last", "day"):
            planned = self._plans.get((slot.start_s, lead))
            if planned is not None:
                yield point(
                    PlanError,
                    slot.start_s,
                    {PlanError.site: self.site, PlanError.lead: lead},
                    {
                        PlanError.planned_wh: planned,
                        PlanError.metered_wh: metered_wh,
                        PlanError.error_wh: metered_wh - planned,
                    },
                )

    def ended(self, means: SlotMeans) -> Iterator[Point]:
        """The errors of the forecasts for a slot, from its means."""
        for quantity, measured_kw in (("load", means.base_kw), ("generation", means.pv_kw)):
            for lead in ("last", "day"):
                expected = self._forecasts.get((means.slot.start_s, quantity, lead))
                if expected is not None:
                    yield self._error(means.slot, quantity, lead, measured_kw, expected)

    def _error(self, slot: Slot, quantity: str, lead: str, measured_kw: float, expected: Expected) -> Point:
        mean, low, high = expected
        return point(
            ForecastError,
            slot.start_s,
            {ForecastError.site: self.site, ForecastError.quantity: quantity, ForecastError.lead: lead},
            {
                ForecastError.expected_kw: mean,
                ForecastError.measured_kw: measured_kw,
                ForecastError.error_kw: measured_kw - mean,
                ForecastError.abs_error_kw: abs(measured_kw - mean),
                ForecastError.is_outside: int(not low <= measured_kw <= high),
            },
        )

    def _forget(self, now_s: int) -> None:
        for old in [key for key in self._forecasts if key[0] < now_s - DAYS_KEPT_S]:
            del self._forecasts[old]
        for gone in [key for key in self._plans if key[0] < now_s - DAYS_KEPT_S]:
            del self._plans[gone]
