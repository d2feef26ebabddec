"""The dashboard of the market: rounds, prices, volume, promises of the operator."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.influxql import follows, values_of
from dashboards.market import energy, rounds, status
from dashboards.market.naming import UID
from dashboards.page import choice, compare_to, page
from wire.telemetry.community import Clearing


def market() -> Dashboard:
    """The community's market: do rounds end, at which prices, who gains, does the ledger sum."""
    stage = values_of(Clearing.stage, Clearing, follows(Clearing.community, "community"))
    mechanism = values_of(Clearing.mechanism, Clearing, follows(Clearing.community, "community"))
    return page(
        UID,
        "Market",
        "The community's market: rounds, money, energy, prices against their bounds, orders, rejected messages.",
        variables=[
            choice("community", "Community", "The community that is shown",
                   values_of(Clearing.community, Clearing), everything=False),
            choice("stage", "Stage", "Stages of the market calendar", stage),
            choice("mechanism", "Mechanism", "How rounds were cleared", mechanism),
            compare_to(),
        ],
        rows=[status.status(), status.money(), energy.energy(), energy.prices(), rounds.rounds(), rounds.quality()],
    )  # fmt: skip
