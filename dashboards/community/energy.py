"""Who draws power, and whose plan does not hold."""

from dashboards import look
from dashboards.charts import chart
from dashboards.community.naming import ERRORS, SLOT, ask
from dashboards.influxql import INTERVAL, aggregate, equals
from dashboards.page import Row
from wire.telemetry.house import (
    ForecastError,
    Grid,
    PlanError,
)


def power() -> Row:
    """One row of the dashboard."""
    power = ask(Grid, aggregate("mean", Grid.power_w), by=(Grid.site,), every=INTERVAL)
    return "Power flow", [
        chart(
            "Power at the grid, by home",
            "Each home from the grid above 0, into it below 0. Homes that mirror each other could trade.",
            (power, "$tag_site"),
            unit=look.WATT,
            home=True,
            at_least="1m",
        ),
        chart(
            "Power at the grid, $compare earlier",
            "The same homes so much earlier ('Compare to' above).",
            (power, "$tag_site, earlier"),
            unit=look.WATT,
            home=True,
            at_least="1m",
            shift="$compare",
        ),
    ]


def plan() -> Row:
    """One row of the dashboard."""
    return "Plan against actual", [
        chart(
            "Metered less planned, by home",
            "Difference of each slot. One home far off: its forecast or a device; all at once: weather or prices.",
            (ask(PlanError, aggregate("sum", PlanError.error_wh), where=(equals(PlanError.lead, "last"),),
             by=(PlanError.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.WATT_HOUR, home=True, style="steps", at_least=SLOT,
        ),
        chart(
            ERRORS,
            "Mean size of the load's forecast error. A home that stays above the others has changed; its "
            "forecast learns in days.",
            (ask(ForecastError, aggregate("mean", ForecastError.abs_error_kw),
                 where=(equals(ForecastError.quantity, "load"), equals(ForecastError.lead, "last")),
                 by=(ForecastError.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.KILOWATT, home=True, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip
