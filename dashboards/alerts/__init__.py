"""All alerts. Each has a section with its title in docs/runbook.md."""

from dashboards.alerts.home import HOME
from dashboards.alerts.market import MARKET
from dashboards.alerts.system import SYSTEM

ALERTS = (*HOME, *MARKET, *SYSTEM)

__all__ = ["ALERTS"]
