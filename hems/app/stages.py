"""The stages that a home's owner has opened, as the traders that decide in them."""

from collections.abc import Callable

from hems.control.block_trader import BlockTrader
from hems.control.flex_trader import FlexTrader
from hems.control.stage_trader import StageTrader
from hems.planning.planner import Planner
from hems.site.config import MarketTable
from wire.quantities import micro_per_kwh


def stage_trader(market: MarketTable | None, clock: Callable[[], float]) -> StageTrader | None:
    """A trader for each opened stage; None without any."""
    if market is None or (market.flexibility is None and market.blocks is None):
        return None
    planner, flex, blocks = Planner(clock), market.flexibility, market.blocks
    return StageTrader(
        flex=None if flex is None else FlexTrader(micro_per_kwh(flex.margin_per_kwh), planner),
        blocks=None if blocks is None else BlockTrader(micro_per_kwh(blocks.margin_per_kwh), planner),
    )
