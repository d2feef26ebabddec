"""Where power goes, and whether the plan holds."""

from dashboards import look
from dashboards.charts import chart
from dashboards.house.naming import FORECAST_ERROR, SLOT, ask
from dashboards.influxql import INTERVAL, aggregate, equals
from dashboards.page import Row
from wire.telemetry.house import (
    Device,
    Forecast,
    ForecastError,
    Grid,
    Plan,
    PlanError,
    PlannedDevice,
    Price,
    SlotEnergy,
    SlotMeans,
)


def power() -> Row:
    """One row of the dashboard."""
    grid = ask(Grid, aggregate("mean", Grid.power_w), every=INTERVAL)
    return "Power flow", [
        chart(
            "Power",
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


def plan() -> Row:
    """One row of the dashboard."""
    last_plan, last_forecast = (equals(Plan.lead, "last"),), (equals(Forecast.lead, "last"),)
    return "Plan against actual", [
        chart(
            "Net energy: planned and metered",
            "Metered should follow planned: what differs is imbalance, settled at worse prices. Lasting "
            "distance: see the forecasts.",
            (ask(Plan, aggregate("sum", Plan.net_wh), where=last_plan, every=INTERVAL), "planned"),
            (ask(SlotEnergy, aggregate("sum", SlotEnergy.net_wh), every=INTERVAL), "metered"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, dashed="planned",
        ),
        chart(
            "The next 12 hours as planned",
            "Planned power of each device and the retail price. Dear hours should see discharge, cheap ones "
            "charging.",
            (ask(PlannedDevice, aggregate("mean", PlannedDevice.power_kw), by=(PlannedDevice.device,),
             every=INTERVAL),
             "$tag_device"),
            (ask(Price, aggregate("mean", Price.retail_per_kwh), every=INTERVAL), "retail price"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, ahead="+12h", right=("retail price", look.PRICE),
            dashed="retail price",
        ),
        *(
            chart(
                f"{name.capitalize()}: forecast and measured",
                f"Measured {name} should lie in the band (10 % to 90 %) four times out of five; far outside for "
                f"hours: something "
                "lasting changed, see the alert 'Forecast far off'.",
                (ask(Forecast, aggregate("mean", Forecast.low_kw),
                 where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "10 %"),
                (ask(Forecast, aggregate("mean", Forecast.high_kw),
                 where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "90 %"),
                (ask(Forecast, aggregate("mean", Forecast.expected_kw),
                 where=(equals(Forecast.quantity, name), *last_forecast),
                     every=INTERVAL), "expected"),
                (ask(SlotMeans, aggregate("mean", measured), every=INTERVAL), "measured"),
                unit=look.KILOWATT, style="steps", at_least=SLOT, dashed="expected", band=("10 %", "90 %"),
                zero_based=True,
            )
            for name, measured in (("load", SlotMeans.load_kw), ("generation", SlotMeans.generation_kw))
        ),
        chart(
            "Imbalance",
            "Metered less planned energy of each slot. Near 0 is good; a sign that stays is a biased forecast "
            "or a device that does "
            "not follow.",
            (ask(PlanError, aggregate("sum", PlanError.error_wh), where=(equals(PlanError.lead, "last"),),
             every=INTERVAL),
             "metered less planned"),
            unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            FORECAST_ERROR,
            "Mean size of the forecast error. Compare it with the load itself: half of the load is poor, a "
            "tenth is good.",
            (ask(ForecastError, aggregate("mean", ForecastError.abs_error_kw),
             where=(equals(ForecastError.lead, "last"),),
                 by=(ForecastError.quantity,), every=INTERVAL), "$tag_quantity"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip
