"""The dashboard of one home."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.house import devices, energy, status
from dashboards.house.naming import UID
from dashboards.influxql import follows, values_of
from dashboards.page import choice, compare_to, page
from wire.telemetry.house import (
    Grid,
)


def house() -> Dashboard:
    """One home: is it well, what does today cost, did the plan hold, what do devices do and why."""
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
        rows=[status.status(), status.money(), energy.power(), energy.plan(), devices.devices(), devices.quality()],
    )
