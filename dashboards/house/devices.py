"""What devices do and why, and how good the data is."""

from dashboards import look
from dashboards.charts import chart
from dashboards.house.naming import ask
from dashboards.influxql import INTERVAL, aggregate, raw
from dashboards.measures import gain, share_percent
from dashboards.page import Row
from dashboards.panels import rows, stat, states
from wire.telemetry.house import (
    Decision,
    Device,
    ForecastError,
    Grid,
    HomeMoney,
    Metering,
    PlannedDevice,
)


def devices() -> Row:
    """One row of the dashboard."""
    return "Devices", [
        chart(
            "State of charge: measured and planned",
            "Measured should reach what was planned. Below the reserve: the device or its limits changed.",
            (ask(Device, aggregate("mean", Device.soc), by=(Device.device,), every=INTERVAL), "$tag_device"),
            (ask(PlannedDevice, aggregate("mean", PlannedDevice.soc), by=(PlannedDevice.device,), every=INTERVAL),
             "$tag_device planned"),
            unit=look.FRACTION, at_least="1m", dashed=".* planned", zero_based=True, empty="No battery and no car",
        ),
        chart(
            "Commanded and measured power",
            "A device should do what its lease says within a minute. Apart for longer: it refuses, is limited, "
            "or is owned by another.",
            (ask(Device, aggregate("mean", Device.power_w), by=(Device.device,), every=INTERVAL), "$tag_device"),
            (ask(Device, aggregate("mean", Device.lease_w), by=(Device.device,), every=INTERVAL),
             "$tag_device commanded"),
            unit=look.WATT, at_least="1m", dashed=".* commanded",
        ),
        states(
            "Why: reason of each device over time",
            "The reason code of the newest decision for each device. Many short pieces: the plan flaps.",
            (ask(Decision, aggregate("last", Decision.code), by=(Decision.device,), every=INTERVAL), "$tag_device"),
            words=look.words({}), at_least="5m",
        ),
        rows(
            "Why: newest decisions",
            "Every decision with the price it reacts to, what it is worth and the reason as a sentence. `hems "
            "why` shows more.",
            ask(
                Decision,
                raw(Decision.device).named("device"), raw(Decision.power_kw).named("power"),
                raw(Decision.code).named("code"),
                raw(Decision.price_per_kwh).named("price"), raw(Decision.worth_per_h).named("worth per h"),
                raw(Decision.reason).named("reason"), newest=100,
            ),
            units={"power": look.KILOWATT, "price": look.PRICE, "worth per h": look.MONEY},
        ),
        rows(
            "Devices now",
            "The newest values of each device: power, charge, room temperature, whether a car is plugged in.",
            ask(
                Device,
                aggregate("last", Device.power_w).named("power"),
                aggregate("last", Device.lease_w).named("commanded"),
                aggregate("last", Device.available_w).named("available"),
                aggregate("last", Device.soc).named("charge"),
                aggregate("last", Device.temp_c).named("temperature"),
                aggregate("last", Device.is_plugged_in).named("plugged in"), by=(Device.device, Device.kind),
            ),
            units={"power": look.WATT, "commanded": look.WATT, "available": look.WATT, "charge": look.FRACTION,
                   "temperature": look.CELSIUS},
            words={"plugged in": look.words({"0": ("no", "text"), "1": ("yes", "text")})},
            show_time=False, width=24, height=5,
        ),
    ]  # fmt: skip


def quality() -> Row:
    """One row of the dashboard."""
    return "Data quality", [
        chart(
            "Readings of the meter",
            "Readings per minute: 6 with a reading every 10 s. Fewer: the meter answers slowly or the line is "
            "disturbed.",
            (ask(Grid, aggregate("count", Grid.power_w), every="1m"), "readings per minute"),
            unit=look.COUNT, style="steps", zero_based=True, width=8,
        ),
        chart(
            "Good readings",
            "Share of readings whose quality is good. Less than 100 %: see the quality in the records (`hems "
            "doctor`).",
            (ask(Grid, share_percent(Grid.is_good), every=INTERVAL), "good"),
            unit=look.PERCENT, at_least="5m", zero_based=True, width=8,
        ),
        chart(
            "Age of the newest reading",
            "Highest age in each interval. Peaks above 30 s are gaps that the energy manager has to bridge.",
            (ask(Metering, aggregate("max", Metering.reading_age_s), every=INTERVAL), "age"),
            unit=look.SECOND, at_least="1m", zero_based=True, limit=120, width=8,
        ),
        stat(
            "Outside the band",
            "How often a slot lay outside its 10 % to 90 % band in the last 7 days. 20 % is right; far more: "
            "forecasts are too sure.",
            ask(ForecastError, share_percent(ForecastError.is_outside), by=(ForecastError.quantity,)),
            name="$tag_quantity", unit=look.PERCENT, decimals=0, since="7d", width=6,
            limits=look.limits((35, "orange"), (50, "red")),
        ),
        stat(
            "Failed readings",
            "Readings of the meter that failed in the time shown. A few a day are normal on a long line.",
            gain(ask, Metering, Metering.failed_reads, Metering.meter), unit=look.COUNT, width=6,
            limits=look.limits((50, "orange"), (500, "red")),
        ),
        stat(
            "Settled on an estimate",
            "Share of settled slots whose energy was estimated because no report came in time.",
            ask(HomeMoney, share_percent(HomeMoney.is_estimated)), unit=look.PERCENT, decimals=0, width=6,
            limits=look.limits((1, "orange"), (10, "red")),
        ),
        stat(
            "Corrections",
            "Later corrections of slots in the time shown. Each is a new transfer; the first settlement stays "
            "visible.",
            ask(HomeMoney, aggregate("sum", HomeMoney.corrections)), unit=look.COUNT, width=6,
        ),
    ]  # fmt: skip
