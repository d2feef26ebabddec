"""Decides for one home in the stages beside the auctions of simple orders, in those that its owner has opened."""

from dataclasses import dataclass

from hems.bidding.offers import Offers
from hems.bidding.storage import NOTHING
from hems.control.block_trader import BlockTrader, RunBids
from hems.control.contract_trader import ContractBids, ContractTrader
from hems.control.energy_manager import EnergyManager
from hems.control.flex_trader import FlexTrader
from hems.control.market_view import MarketView
from hems.control.measured_outlook import net_spread_kw
from hems.control.present import Present
from hems.control.reserve_trader import ReserveTrader
from hems.control.storage_trader import StorageTrader

TIME_LIMIT_S = 1.0  # of each plan: several are made in one turn, and leases have to be renewed


@dataclass(slots=True)
class StageTrader:
    """A trader per stage, None where the owner has not opened it."""

    flex: FlexTrader | None = None
    reserve: ReserveTrader | None = None
    blocks: BlockTrader | None = None
    contracts: ContractTrader | None = None
    storage: StorageTrader | None = None

    def offers(self, now_s: int, manager: EnergyManager, view: MarketView) -> Offers:
        """What to offer at a turn, on the plan that the manager has just made; nothing without one."""
        present = present_of(manager)
        if present is None:
            return Offers()
        flex = [] if self.flex is None else self.flex.bids(now_s, present, view.flexibility)
        promised = [bid.call for bid in flex if bid.steps]
        standby = [] if self.reserve is None else self.reserve.bids(now_s, present, view.flexibility, promised)
        view.flexibility.offered |= {bid.call: bid.baseline_wh for bid in flex if bid.steps}
        view.flexibility.offered |= {bid.call: bid.limits_wh for bid in standby if bid.steps}
        runs: list[RunBids] = []
        if self.blocks is not None and manager.outlook is not None and view.path is not None:
            runs = self.blocks.bids(manager.home, present, manager.outlook, view.calendar)
        agreed = ContractBids()
        if self.contracts is not None and manager.outlook is not None:
            agreed = self.contracts.bids(now_s, manager.home, present, manager.outlook, view)
        stored = NOTHING if self.storage is None else self.storage.offers(now_s, manager, present, view)
        return Offers(
            flex=tuple(flex),
            standby=tuple(standby),
            blocks=tuple(block for run in runs for block in run.blocks),
            block_words=tuple((run.device, run.why) for run in runs),
            accepted=agreed.accepted,
            proposed=agreed.proposed,
            contract_words=agreed.words,
            storage=stored,
        )


def present_of(manager: EnergyManager) -> Present | None:
    """The manager's newest plan as traders see it; None before the first one, and after one that is no plan."""
    problem, outlook, slot, plan = manager.problem, manager.outlook, manager.planned_slot, manager.plan
    if problem is None or outlook is None or slot is None or plan is None or plan.status == "fallback":
        return None
    return Present(
        slot=slot,
        problem=problem,
        spread_kw=net_spread_kw(outlook, 0.0),
        time_limit_s=min(manager.settings.time_limit_s, TIME_LIMIT_S),
    )
