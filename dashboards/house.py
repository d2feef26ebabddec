"""The dashboard of one home."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import look
from dashboards.asking import Asker
from dashboards.influxql import INTERVAL, aggregate, equals, follows, raw, shaped, values_of
from dashboards.measures import MICRO, money, share_percent
from dashboards.page import Row, choice, compare_to, page
from dashboards.panels import NONE_YET, TODAY, alerts, chart, rows, stat, states
from wire.telemetry.house import (
    Decision,
    Device,
    Forecast,
    ForecastError,
    Grid,
    HomeAward,
    HomeMoney,
    Ladder,
    Managing,
    Metering,
    Plan,
    PlanError,
    PlannedDevice,
    Price,
    SlotEnergy,
    SlotMeans,
)

UID = "hearthgrid-house"
SLOT = "15m"
METER_AGE = "Meter last heard"
RUNG = "Rung of the ladder"
UNANSWERED = "Oldest unanswered message"
SILENT_DEVICES = "Silent devices"
FORECAST_ERROR = "Forecast error by quantity"
ask = Asker(("site", "meter"))


def house() -> Dashboard:
    """One home: is it well, what does today cost, where does power go, did the plan hold, what do devices do and why."""
    return page(
        UID,
        "House",
        "One home: state, money, power, plan against actual, devices and their reasons, quality of its data.",
        variables=[
            choice("site", "Home", "The home that is shown", values_of(Grid.site, Grid), everything=False),
            choice(
                "meter", "Meter", "The meter of that home", values_of(Grid.meter, Grid, follows(Grid.site, "site"))
            ),
            compare_to(),
        ],
        rows=[_status(), _money(), _power(), _plan(), _devices(), _quality()],
    )


def _status() -> Row:
    return "Status and alerts", [
        stat(
            METER_AGE,
            "Age of the newest reading of the site meter. Green below 30 s. Orange or red: the meter, its cable or its "
            "process is silent; see the alert 'Meter silent'.",
            ask(Metering, aggregate("last", Metering.reading_age_s)),
            unit=look.SECOND, limits=look.limits((30, "orange"), (120, "red")), width=3,
        ),
        stat(
            RUNG,
            "On which rung of the fallback ladder the home is steered. 'plan' is normal; 'last plan' and 'rules' mean that "
            "planning failed and that money is lost, not safety.",
            ask(Ladder, aggregate("last", Ladder.level)),
            unit="none", words=look.RUNG, width=3,
        ),
        stat(
            "Market connection",
            "Whether the meter process is connected to the community's MQTT server. 'no': the home runs on its tariff.",
            ask(Metering, aggregate("last", Metering.is_mqtt_connected)),
            unit="none", words=look.YES_IS_GOOD, width=3,
        ),
        stat(
            UNANSWERED,
            "Age of the oldest message that the broker has not receipted. It should fall back to 0 within a slot.",
            ask(Metering, aggregate("last", Metering.oldest_unanswered_s)),
            unit=look.SECOND, limits=look.limits((900, "orange"), (1800, "red")), width=3,
        ),
        stat(
            SILENT_DEVICES,
            "Devices that did not answer in the last step. Anything but 0: look at their cable and address.",
            ask(Managing, aggregate("last", Managing.silent_devices)),
            unit="none", limits=look.limits((1, "red")), width=3,
        ),
        alerts("Alerts of homes", "Alerts of homes that fire or are about to. Empty is good.", "home", width=9),
    ]  # fmt: skip


def _money() -> Row:
    return "Money today", [
        stat(
            "Paid today",
            "What today's settled slots cost with the market, negative when the home earned. A slot counts once it is settled.",
            ask(HomeMoney, money(HomeMoney.total_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Tariff alone today",
            "What the same metered energy would have cost at retail and feed-in prices without a market.",
            ask(HomeMoney, money(HomeMoney.tariff_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Saved today",
            "Tariff alone less paid. Below 0 the market cost money: look at the imbalance below, a plan that was not kept is paid.",
            ask(HomeMoney, money(HomeMoney.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(HomeMoney, money(HomeMoney.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Bought today",
            "Energy bought in the market today.",
            ask(HomeAward, aggregate("sum", HomeAward.bought_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Sold today",
            "Energy sold in the market today.",
            ask(HomeAward, aggregate("sum", HomeAward.sold_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY, empty=NONE_YET,
        ),
        chart(
            "Saved so far",
            "Savings against the tariff alone, added up over the time shown. A step down is a slot that cost more than the tariff.",
            (ask(HomeMoney, shaped("cumulative_sum", aggregate("sum", HomeMoney.saved_nano)) / 1_000_000_000, every=INTERVAL),
             "saved"),
            unit=look.MONEY, style="steps", at_least=SLOT, decimals=2,
        ),
        chart(
            "Prices",
            "Retail and feed-in price bound the market; the local price expected by the plan and the price paid lie between them. "
            "Paid outside the bounds would be an error.",
            (ask(Price, aggregate("mean", Price.retail_per_kwh), every=INTERVAL), "retail"),
            (ask(Price, aggregate("mean", Price.feed_in_per_kwh), every=INTERVAL), "feed-in"),
            (ask(Price, aggregate("mean", Price.local_per_kwh), every=INTERVAL), "expected"),
            (ask(HomeAward, aggregate("mean", HomeAward.price_micro_per_kwh) / MICRO, every=INTERVAL), "awarded"),
            unit=look.PRICE, style="steps", at_least=SLOT, decimals=3, dashed="expected",
        ),
    ]  # fmt: skip


def _power() -> Row:
    grid = ask(Grid, aggregate("mean", Grid.power_w), every=INTERVAL)
    return "Power flow", [
        chart(
            "Power now and before",
            "Grid and devices; into the home and into a device is positive, so generation and discharge are below 0. "
            "Grid at its import limit for long: see the envelope of the community.",
            (grid, "grid"),
            (ask(Device, aggregate("mean", Device.power_w), by=(Device.device,), every=INTERVAL), "$tag_device"),
            unit=look.WATT, at_least="1m",
        ),
        chart(
            "Power at the grid, $compare earlier",
            "The same home so much earlier ('Compare to' above): is today unusual?",
            (grid, "grid, earlier"),
            unit=look.WATT, at_least="1m", shift="$compare",
        ),
        chart(
            "Energy from and into the grid",
            "Energy of each slot between registers: from the grid above 0, into it below 0.",
            (ask(SlotEnergy, aggregate("sum", SlotEnergy.import_wh), every=INTERVAL), "from the grid"),
            (ask(SlotEnergy, -aggregate("sum", SlotEnergy.export_wh), every=INTERVAL), "into the grid"),
            unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            "Load and generation",
            "Mean load beside the known devices, and generation that was available. Forecasts are made from these.",
            (ask(SlotMeans, aggregate("mean", SlotMeans.load_kw), every=INTERVAL), "load"),
            (ask(SlotMeans, aggregate("mean", SlotMeans.generation_kw), every=INTERVAL), "generation"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def _plan() -> Row:
    last_plan, last_forecast = (equals(Plan.lead, "last"),), (equals(Forecast.lead, "last"),)
    return "Plan against actual", [
        chart(
            "Net energy: planned and metered",
            "Metered should follow planned: what differs is imbalance, settled at worse prices. Lasting distance: see the forecasts.",
            (ask(Plan, aggregate("sum", Plan.net_wh), where=last_plan, every=INTERVAL), "planned"),
            (ask(SlotEnergy, aggregate("sum", SlotEnergy.net_wh), every=INTERVAL), "metered"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, dashed="planned",
        ),
        chart(
            "The next 12 hours as planned",
            "Planned power of each device and the retail price. Dear hours should see discharge, cheap ones charging.",
            (ask(PlannedDevice, aggregate("mean", PlannedDevice.power_kw), by=(PlannedDevice.device,), every=INTERVAL),
             "$tag_device"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, ahead="+12h",
        ),
        *(
            chart(
                f"{name.capitalize()}: forecast and measured",
                f"Measured {name} should lie in the band (10 % to 90 %) four times out of five; far outside for hours: something "
                "lasting changed, see the alert 'Forecast far off'.",
                (ask(Forecast, aggregate("mean", Forecast.low_kw), where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "10 %"),
                (ask(Forecast, aggregate("mean", Forecast.high_kw), where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "90 %"),
                (ask(Forecast, aggregate("mean", Forecast.expected_kw), where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "expected"),
                (ask(SlotMeans, aggregate("mean", measured), every=INTERVAL), "measured"),
                unit=look.KILOWATT, style="steps", at_least=SLOT, dashed="expected", band=("10 %", "90 %"), zero_based=True,
            )
            for name, measured in (("load", SlotMeans.load_kw), ("generation", SlotMeans.generation_kw))
        ),
        chart(
            "Imbalance",
            "Metered less planned energy of each slot. Near 0 is good; a sign that stays is a biased forecast or a device that does "
            "not follow.",
            (ask(PlanError, aggregate("sum", PlanError.error_wh), where=(equals(PlanError.lead, "last"),), every=INTERVAL),
             "metered less planned"),
            unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            FORECAST_ERROR,
            "Mean size of the forecast error. Compare it with the load itself: half of the load is poor, a tenth is good.",
            (ask(ForecastError, aggregate("mean", ForecastError.abs_error_kw), where=(equals(ForecastError.lead, "last"),),
                 by=(ForecastError.quantity,), every=INTERVAL), "$tag_quantity"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def _devices() -> Row:
    return "Devices", [
        chart(
            "State of charge: measured and planned",
            "Measured should reach what was planned. Below the reserve: the device or its limits changed.",
            (ask(Device, aggregate("mean", Device.soc), by=(Device.device,), every=INTERVAL), "$tag_device"),
            (ask(PlannedDevice, aggregate("mean", PlannedDevice.soc), by=(PlannedDevice.device,), every=INTERVAL),
             "$tag_device planned"),
            unit=look.FRACTION, at_least="1m", dashed=".* planned", zero_based=True,
        ),
        chart(
            "Commanded and measured power",
            "A device should do what its lease says within a minute. Apart for longer: it refuses, is limited, or is owned by another.",
            (ask(Device, aggregate("mean", Device.power_w), by=(Device.device,), every=INTERVAL), "$tag_device"),
            (ask(Device, aggregate("mean", Device.lease_w), by=(Device.device,), every=INTERVAL), "$tag_device commanded"),
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
            "Every decision with the price it reacts to, what it is worth and the reason as a sentence. `hems why` shows more.",
            ask(
                Decision,
                raw(Decision.device).named("device"), raw(Decision.power_kw).named("power"), raw(Decision.code).named("code"),
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
                aggregate("last", Device.power_w).named("power"), aggregate("last", Device.lease_w).named("commanded"),
                aggregate("last", Device.available_w).named("available"), aggregate("last", Device.soc).named("charge"),
                aggregate("last", Device.temp_c).named("temperature"),
                aggregate("last", Device.is_plugged_in).named("plugged in"), by=(Device.device, Device.kind),
            ),
            units={"power": look.WATT, "commanded": look.WATT, "available": look.WATT, "charge": look.FRACTION,
                   "temperature": look.CELSIUS},
            words={"plugged in": look.words({"0": ("no", "text"), "1": ("yes", "text")})},
            show_time=False, width=24,
        ),
    ]  # fmt: skip


def _quality() -> Row:
    return "Data quality", [
        chart(
            "Readings of the meter",
            "Readings per minute: 6 with a reading every 10 s. Fewer: the meter answers slowly or the line is disturbed.",
            (ask(Grid, aggregate("count", Grid.power_w), every="1m"), "readings per minute"),
            unit=look.COUNT, style="steps", zero_based=True, width=8,
        ),
        chart(
            "Good readings",
            "Share of readings whose quality is good. Less than 100 %: see the quality in the records (`hems doctor`).",
            (ask(Grid, share_percent(Grid.is_good), every=INTERVAL), "good"),
            unit=look.PERCENT, at_least="5m", zero_based=True, width=8,
        ),
        chart(
            "Age of the newest reading",
            "Highest age in each interval. Peaks above 30 s are gaps that the energy manager has to bridge.",
            (ask(Metering, aggregate("max", Metering.reading_age_s), every=INTERVAL), "age"),
            unit=look.SECOND, at_least="1m", zero_based=True, limits=look.limits((120, "red"), base="text"), width=8,
        ),
        stat(
            "Outside the band",
            "How often a slot lay outside its 10 % to 90 % band in the last 7 days. 20 % is right; far more: forecasts are too sure.",
            ask(ForecastError, share_percent(ForecastError.is_outside), by=(ForecastError.quantity,)),
            name="$tag_quantity", unit=look.PERCENT, decimals=0, since="7d", width=6,
            limits=look.limits((35, "orange"), (50, "red")),
        ),
        stat(
            "Failed readings",
            "Readings of the meter that failed in the time shown.",
            ask(Metering, aggregate("spread", Metering.failed_reads)), unit=look.COUNT, width=6,
            limits=look.limits((1, "orange")),
        ),
        stat(
            "Settled on an estimate",
            "Share of settled slots whose energy was estimated because no report came in time.",
            ask(HomeMoney, share_percent(HomeMoney.is_estimated)), unit=look.PERCENT, decimals=0, width=6,
            limits=look.limits((1, "orange"), (10, "red")),
        ),
        stat(
            "Corrections",
            "Later corrections of slots in the time shown. Each is a new transfer; the first settlement stays visible.",
            ask(HomeMoney, aggregate("sum", HomeMoney.corrections)), unit=look.COUNT, width=6,
        ),
    ]  # fmt: skip
