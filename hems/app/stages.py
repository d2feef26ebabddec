"""The stages that a home's owner has opened, as the traders that decide in them."""

from collections.abc import Callable

from hems.control.flex_trader import FlexTrader
from hems.control.stage_trader import StageTrader
from hems.planning.planner import Planner
from hems.site.config import MarketTable
from wire.quantities import micro_per_kwh


def stage_trader(market: MarketTable | None, clock: Callable[[], float]) -> StageTrader | None:
    """A trader for each opened stage; None without any."""
    if market is None or market.flexibility is None:
        return None
    return StageTrader(flex=FlexTrader(micro_per_kwh(market.flexibility.margin_per_kwh), Planner(clock)))
