"""A home's use of the storage that its community shares: bids for a share by its worth, requests by its plan."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hems.bidding.storage import NOTHING, ShareBid, StorageOffers, StorageUse, share_steps
from hems.bidding.wording import request_words, share_bid_words
from hems.control.energy_manager import EnergyManager
from hems.control.market_view import MarketView
from hems.control.present import Present
from hems.control.storage_plan import SharePlanner
from hems.control.storage_view import DAY_S, StorageView
from hems.planning.home_problem import stored_value_per_kwh
from hems.planning.planner import Planner
from wire.messages import StorageRules
from wire.quantities import price_per_kwh
from wire.slots import Slot

Floats = NDArray[np.float64]

TURNS = 2  # a bid is made at the last turns before its gate: the second one also makes good a lost message
AHEAD = 2  # slots that are asked for at a turn: the second one in case the next turn does not come
PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # sizes of a share that are tried, as parts of the storage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What a home knows at its turn."""

    now_s: int
    rules: StorageRules
    view: StorageView
    shares: SharePlanner

    @property
    def slots(self) -> list[Slot]:
        """The slots of the home's plan."""
        present = self.shares.present
        return [present.slot.shifted(k) for k in range(present.problem.slots)]


@dataclass(slots=True)
class StorageTrader:
    """Uses the storage for one home; `bid_part` (0..1) of what a share is expected to be worth is bid for it."""

    bid_part: float
    planner: Planner
    _published_wh: dict[int, int] = field(default_factory=dict)

    def offers(self, now_s: int, manager: EnergyManager, present: Present, view: MarketView) -> StorageOffers:
        """What to ask at a turn; nothing without a storage, for the storage itself, and without rising prices."""
        rules, plan, outlook = view.storage.rules, manager.plan, manager.outlook
        if rules is None or view.storage.gate_lead_s is None or view.storage.is_of(manager.home.meter):
            return NOTHING
        if plan is None or outlook is None:
            return NOTHING
        shares = SharePlanner(
            planner=self.planner,
            present=present,
            rules=rules,
            net_kw=plan.grid_kw,
            published_kw=self._published_kw(present),
            stored_value=stored_value_per_kwh(outlook, 1.0),
        )
        if not shares.has_prices:
            return NOTHING
        turn = _Turn(now_s=now_s, rules=rules, view=view.storage, shares=shares)
        asked = self._uses(turn)
        self._published_wh = {slot.start_s: wh for slot, wh in zip(turn.slots, asked.planned_wh, strict=True) if wh}
        bid = self._bid(turn)
        if bid is None or bid.request_wh is not None:
            return replace(asked, bid=bid)
        code = "storage_bid" if bid.steps else "storage_none"
        return replace(asked, bid=bid, words=((code, share_bid_words(bid.steps, self.bid_part)), *asked.words))

    def _published_kw(self, present: Present) -> Floats:
        """What the community's path has of this home's use of the storage already (n,) [kW]."""
        slots = [present.slot.shifted(k).start_s for k in range(present.problem.slots)]
        return np.array([self._published_wh.get(start_s, 0) for start_s in slots]) / 1000.0 / present.slot_h

    def _uses(self, turn: _Turn) -> StorageOffers:
        """What to ask for in the next slots whose gate is ahead, and what is granted and planned of the share."""
        view, slots = turn.view, turn.slots
        planned = [view.granted_wh(slot.start_s) for slot in slots]
        first = next((k for k, slot in enumerate(slots) if view.is_ahead(slot, turn.now_s)), len(slots))
        share_wh, level_wh = (view.share_wh(slots[first].start_s) if first < len(slots) else 0), view.level_wh
        if first == len(slots) or not (share_wh or level_wh):
            return StorageOffers(planned_wh=tuple(planned))
        ends_s = view.period_s(slots[first].start_s) + turn.rules.period_days * DAY_S
        end = next((k for k, slot in enumerate(slots) if slot.start_s >= ends_s), len(slots))
        stays = end == len(slots) or view.share_wh(ends_s) >= share_wh
        use = turn.shares.use(share_wh, level_wh, first=first, end=end, final_value=_final_value(turn, stays=stays))
        if use is None:
            return StorageOffers(planned_wh=tuple(planned))
        energies = np.rint(use.power_kw * turn.shares.present.slot_h * 1000.0).astype(int).tolist()
        planned[first:end] = energies
        asked = zip(slots[first : first + AHEAD], energies, strict=False)
        uses = tuple(StorageUse(slot=slot, energy_wh=wh) for slot, wh in asked if view.is_in_reach(slot, turn.now_s))
        is_news = bool(uses) and uses[0].energy_wh != 0
        words = (("storage_request", request_words(uses[0], level_wh, share_wh)),) if is_news else ()
        return StorageOffers(uses=uses, planned_wh=tuple(planned), words=words)

    def _bid(self, turn: _Turn) -> ShareBid | None:
        """The bid for the next period at the last turns before its gate; None at all other turns."""
        rules, present = turn.rules, turn.shares.present
        period_s = turn.view.open_period_s(turn.now_s)
        is_due = period_s - rules.allocation_lead_s - turn.now_s <= TURNS * present.slot.duration_s
        if rules.allocation == "shares" or not is_due:
            return None
        per_day = DAY_S // present.slot.duration_s
        end, value = min(per_day, present.problem.slots), turn.shares.stored_value
        sizes_wh = sorted({size for part in PARTS if (size := math.floor(part * rules.capacity_wh)) > 0})
        uses = [turn.shares.use(size, 0, first=0, end=end, final_value=value) for size in sizes_wh]
        worths = [0.0 if use is None else -use.cost * rules.period_days * per_day / end for use in uses]
        if rules.allocation == "auction":
            reserve = rules.reserve_price_micro_per_kwh
            return ShareBid(
                period_s=period_s,
                steps=share_steps(sizes_wh, worths, part=self.bid_part, reserve_micro=reserve),
            )
        largest = uses[-1]
        used_kwh = 0.0 if largest is None or worths[-1] <= 0 else float(largest.energy_kwh.max())
        return ShareBid(period_s=period_s, request_wh=min(math.ceil(used_kwh * 1000.0), rules.capacity_wh))


def _final_value(turn: _Turn, *, stays: bool) -> float:
    """What a kWh in the share is worth at the end of its plan: less where it would have to be handed over."""
    handed_over = price_per_kwh(turn.rules.handover_price_micro_per_kwh)
    return turn.shares.stored_value if stays else min(turn.shares.stored_value, handed_over)
