"""The points of one home."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.review.sample.money import home_award, home_money
from dashboards.review.sample.shapes import (
    FEED_IN,
    PULSE_S,
    SLOT_S,
    battery_kw,
    charge,
    load_kw,
    local,
    retail,
    ripple,
    slots,
    sun,
)
from wire.telemetry import Point, point
from wire.telemetry.house import (
    Decision,
    Device,
    Forecast,
    ForecastError,
    Grid,
    Ladder,
    Managing,
    Metering,
    Plan,
    PlanError,
    PlannedDevice,
    Planning,
    Price,
    SlotEnergy,
    SlotMeans,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What tells the homes apart: the peak of their roof [kW] and when they live."""

    name: str
    peak_kw: float
    phase: float

    def generation_kw(self, at_s: int) -> float:
        """What the roof gives [kW]."""
        return self.peak_kw * sun(at_s)

    def net_kw(self, at_s: int) -> float:
        """What the home takes from the grid [kW]."""
        return load_kw(at_s, self.phase) + battery_kw(at_s, self.phase) - self.generation_kw(at_s)


HOMES = (
    Home(name="home-1", peak_kw=6.0, phase=0.0),
    Home(name="home-2", peak_kw=0.0, phase=1.3),
    Home(name="home-3", peak_kw=3.5, phase=2.6),
)


def home_points(home: Home, start_s: int, now_s: int, plan_end_s: int) -> Iterator[Point]:
    """All points of a home up to now; plans, forecasts and prices reach on."""
    for at_s in range(start_s, now_s, 60):
        yield _reading(home, at_s)
    for at_s in range(start_s, now_s, PULSE_S):
        yield from _pulse(home, at_s)
        yield from _tick(home, at_s)
    for slot_s in slots(start_s, now_s):
        yield from _slot(home, slot_s)
        yield home_award(home.name, home.net_kw(slot_s), slot_s)
        yield home_money(home.name, home.net_kw(slot_s), slot_s)
    for slot_s in slots(start_s, plan_end_s):
        yield from _expected(home, slot_s)


def _reading(home: Home, at_s: int) -> Point:
    at = {Grid.site: home.name, Grid.meter: home.name}
    suspect = at_s % 7200 == 0
    return point(
        Grid, at_s, at,
        {Grid.power_w: round(1000 * home.net_kw(at_s)), Grid.import_wh: at_s // 60, Grid.export_wh: at_s // 90,
         Grid.quality: "suspect" if suspect else "good", Grid.is_good: 0 if suspect else 1},
    )  # fmt: skip


def _pulse(home: Home, at_s: int) -> Iterator[Point]:
    yield point(
        Metering, at_s, {Metering.site: home.name, Metering.meter: home.name},
        {Metering.reading_age_s: 4 + 3 * (1 + ripple(at_s, 17_000, home.phase)),
         Metering.readings: at_s // 10 % 100_000, Metering.failed_reads: at_s // 40_000 % 100,
         Metering.unanswered: 0, Metering.oldest_unanswered_s: 0.0,
         Metering.is_mqtt_connected: 1, Metering.is_home_connected: 1, Metering.violations: 0},
    )  # fmt: skip
    yield point(
        Managing, at_s, {Managing.site: home.name},
        {Managing.devices: 2, Managing.silent_devices: 0, Managing.leases: 2, Managing.step_s: 0.3,
         Managing.late_s: 0.05 + 0.04 * ripple(at_s, 9_000), Managing.is_meter_connected: 1,
         Managing.plan_age_s: float(at_s % SLOT_S), Managing.weather_age_s: float(at_s % 3600),
         Managing.history_slots: 2688},
    )  # fmt: skip


def _tick(home: Home, at_s: int) -> Iterator[Point]:
    battery = {Device.site: home.name, Device.device: "battery", Device.kind: "battery"}
    power_w = round(1000 * battery_kw(at_s, home.phase))
    yield point(
        Device, at_s, battery, {Device.power_w: power_w, Device.lease_w: power_w + 40, Device.soc: charge(at_s)}
    )
    if home.peak_kw:
        roof = {Device.site: home.name, Device.device: "roof", Device.kind: "pv"}
        given_w = round(1000 * home.generation_kw(at_s))
        yield point(Device, at_s, roof, {Device.power_w: -given_w, Device.available_w: given_w})
    code, reason = (
        ("solar_surplus", "charged from the roof") if power_w > 100 else ("award", "delivers what was sold")
    )
    yield point(
        Decision, at_s, {Decision.site: home.name, Decision.device: "battery"},
        {Decision.power_kw: power_w / 1000, Decision.price_per_kwh: local(at_s), Decision.worth_per_h: 0.04,
         Decision.code: code if abs(power_w) > 100 else "idle", Decision.reason: reason},
    )  # fmt: skip
    yield point(Ladder, at_s, {Ladder.site: home.name}, {Ladder.rung: "plan", Ladder.level: 0})


def _slot(home: Home, slot_s: int) -> Iterator[Point]:
    net_wh = round(250 * home.net_kw(slot_s))
    error_wh = round(40 * ripple(slot_s, 11_000, home.phase))
    yield point(
        SlotEnergy, slot_s, {SlotEnergy.site: home.name, SlotEnergy.meter: home.name},
        {SlotEnergy.import_wh: max(net_wh, 0), SlotEnergy.export_wh: max(-net_wh, 0), SlotEnergy.net_wh: net_wh},
    )  # fmt: skip
    yield point(
        SlotMeans, slot_s, {SlotMeans.site: home.name},
        {SlotMeans.load_kw: load_kw(slot_s, home.phase), SlotMeans.generation_kw: home.generation_kw(slot_s)},
    )  # fmt: skip
    yield point(
        PlanError, slot_s, {PlanError.site: home.name, PlanError.lead: "last"},
        {PlanError.planned_wh: net_wh - error_wh, PlanError.metered_wh: net_wh, PlanError.error_wh: error_wh},
    )  # fmt: skip
    yield point(
        Planning, slot_s, {Planning.site: home.name},
        {Planning.status: "optimal", Planning.is_fallback: 0, Planning.objective: 1.8, Planning.slots: 96},
    )  # fmt: skip
    for quantity, measured in (("load", load_kw(slot_s, home.phase)), ("generation", home.generation_kw(slot_s))):
        error = 0.12 * measured * ripple(slot_s, 5300, home.phase)
        yield point(
            ForecastError, slot_s,
            {ForecastError.site: home.name, ForecastError.quantity: quantity, ForecastError.lead: "last"},
            {ForecastError.expected_kw: measured - error, ForecastError.measured_kw: measured,
             ForecastError.error_kw: error,
             ForecastError.abs_error_kw: abs(error), ForecastError.is_outside: int(slot_s // SLOT_S % 5 == 0)},
        )  # fmt: skip


def _expected(home: Home, slot_s: int) -> Iterator[Point]:
    yield point(
        Plan, slot_s, {Plan.site: home.name, Plan.lead: "last"},
        {Plan.net_wh: round(250 * home.net_kw(slot_s) - 40 * ripple(slot_s, 11_000, home.phase)),
         Plan.marginal_per_kwh: local(slot_s)},
    )  # fmt: skip
    yield point(
        PlannedDevice, slot_s,
        {PlannedDevice.site: home.name, PlannedDevice.device: "battery", PlannedDevice.kind: "battery"},
        {PlannedDevice.power_kw: battery_kw(slot_s, home.phase), PlannedDevice.soc: min(1.0, charge(slot_s) + 0.02)},
    )  # fmt: skip
    yield point(
        Price, slot_s, {Price.site: home.name},
        {Price.retail_per_kwh: retail(slot_s), Price.feed_in_per_kwh: FEED_IN,
         Price.local_per_kwh: local(slot_s) * 1.03},
    )  # fmt: skip
    for quantity, expected in (("load", load_kw(slot_s, home.phase)), ("generation", home.generation_kw(slot_s))):
        mean = expected * (1 - 0.12 * ripple(slot_s, 5300, home.phase))
        yield point(
            Forecast, slot_s, {Forecast.site: home.name, Forecast.quantity: quantity, Forecast.lead: "last"},
            {Forecast.expected_kw: mean, Forecast.low_kw: 0.8 * mean, Forecast.high_kw: 1.25 * mean},
        )  # fmt: skip
