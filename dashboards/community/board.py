"""The dashboard of all members and homes of a community: the fleet."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.community import energy, homes, status, storage
from dashboards.community.naming import UID
from dashboards.influxql import follows, values_of
from dashboards.page import choice, compare_to, page
from wire.telemetry.community import Members
from wire.telemetry.house import (
    Grid,
)


def community() -> Dashboard:
    """The fleet: who is silent, who gains, who draws power, whose plan does not hold."""
    return page(
        UID,
        "Community",
        "All members of a community and all homes that send telemetry: silence, money, power, plans, devices, "
        "data quality.",
        variables=[
            choice("community", "Community", "The community that is shown",
                   values_of(Members.community, Members), everything=False),
            choice("site", "Homes", "Homes that send telemetry", values_of(Grid.site, Grid)),
            choice("meter", "Meters", "Meters of these homes",
                values_of(Grid.meter, Grid, follows(Grid.site, "site"))),
            compare_to(),
        ],
        rows=[status.status(), status.money(), energy.power(), energy.plan(), storage.storage(), homes.devices(),
              homes.quality()],
    )  # fmt: skip
