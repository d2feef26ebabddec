"""The stages that a home's owner has opened, as the traders that decide in them."""

from collections.abc import Callable

from hems.control.block_trader import BlockTrader
from hems.control.contract_trader import ContractTrader, WishedContract
from hems.control.flex_trader import FlexTrader
from hems.control.reserve_trader import ReserveTrader
from hems.control.stage_trader import StageTrader
from hems.control.storage_trader import StorageTrader
from hems.planning.planner import Planner
from hems.site.config import MarketTable
from hems.site.config_site import ContractsTable
from wire.quantities import micro_per_kwh


def stage_trader(market: MarketTable | None, new_planner: Callable[[], Planner]) -> StageTrader | None:
    """A trader for each opened stage, all with one new planner; None without any."""
    if market is None or all(
        table is None
        for table in (market.flexibility, market.ancillary, market.blocks, market.contracts, market.storage)
    ):
        return None
    planner, flex, reserve = new_planner(), market.flexibility, market.ancillary
    blocks, contracts, storage = market.blocks, market.contracts, market.storage
    return StageTrader(
        flex=None if flex is None else FlexTrader(micro_per_kwh(flex.margin_per_kwh), planner),
        reserve=None if reserve is None else ReserveTrader(micro_per_kwh(reserve.margin_per_kwh), planner),
        blocks=None if blocks is None else BlockTrader(micro_per_kwh(blocks.margin_per_kwh), planner),
        contracts=None if contracts is None else contract_trader(contracts, planner),
        storage=None if storage is None else StorageTrader(storage.bid_part, planner),
    )


def contract_trader(table: ContractsTable, planner: Planner) -> ContractTrader:
    """The trader of contracts with what its owner lets it propose."""
    wishes = tuple(WishedContract(**wish.model_dump()) for wish in table.proposal)
    return ContractTrader(micro_per_kwh(table.margin_per_kwh), planner, wishes)
