"""What a home knows of the market: the newest public messages and its own private ones."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hems.bidding.left_out import LEAVING_OUT, Crossing, crossing
from hems.bidding.promise import Promise, Standby
from hems.bidding.residual import residual_wh
from hems.bidding.steps import Band, Step, wanted_wh
from hems.control.block_view import BlockView
from hems.control.call_view import CallView
from hems.control.contract_view import ContractView, signed_wh
from hems.control.storage_view import StorageView
from wire.calendar import gates
from wire.messages import (
    Award,
    Calendar,
    Clearing,
    Conditions,
    Contract,
    Path,
    PlanNotice,
    StageKind,
    StorageFlow,
    StorageGrant,
    Trading,
)
from wire.slots import Slot, format_utc, parse_utc

Floats = NDArray[np.float64]
KEPT_SLOTS = 8
KEPT_TRADED = 700  # orders and awards: two days of the shortest slots
KEPT_POSITIONS = 5_000  # contracts may reach weeks ahead
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterAuction:
    """A cleared slot: net power that the others will draw [kW], and where its price lies in the band (0..1).

    `price_share` is None when the community is left short or long, or nothing was traded.
    """

    others_kw: float
    price_share: float | None


@dataclass(slots=True)
class MarketView:
    """The market as one home sees it; changed only by `learn` and by the notices and orders it sends itself.

    Positions are added up from proven awards, signed contracts and grants of the storage, never taken from what a
    message says they are.
    """

    calendar: Calendar | None = None
    trading: Trading | None = None
    path: Path | None = None
    conditions: dict[str, Conditions] = field(default_factory=dict)
    own_plan: PlanNotice | None = None
    clearings: dict[str, Clearing] = field(default_factory=dict)
    awards: dict[str, Award] = field(default_factory=dict)
    _parts: dict[str, dict[str, int]] = field(default_factory=dict)
    orders: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    flexibility: CallView = field(default_factory=CallView)
    blocks: BlockView = field(default_factory=BlockView)
    contracts: ContractView = field(default_factory=ContractView)
    storage: StorageView = field(default_factory=StorageView)
    _own_in_path: PlanNotice | None = None

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker; kinds that change nothing here are ignored."""
        self.flexibility.learn(message)
        self.blocks.learn(message)
        self.contracts.learn(message)
        self.storage.learn(message)
        match message:
            case Calendar():
                self.calendar = message
            case Trading():
                self.trading = message
            case Path() if self.path is None or message.round >= self.path.round:
                self.path, self._own_in_path = message, self.own_plan
            case Conditions():
                _keep(self.conditions, message.slot, message, KEPT_SLOTS)
            case Clearing() if self._is_last(message):
                _keep(self.clearings, message.slot, message, self._clearings_kept())
            case Clearing():
                self.orders.pop(message.slot, None)
            case Award():
                _keep(self.awards, message.slot, message, KEPT_TRADED)
                name = f"{message.stage}/{message.round}"
                self._hold(message.slot, name, message.bought_wh - message.sold_wh)
            case StorageGrant():
                self._hold(message.slot, "storage", -message.granted_wh)
            case StorageFlow():
                self._hold(message.slot, "storage", message.flow_wh)
            case Contract() if message.state == "agreed":
                self._hold_contract(message)

    def _hold(self, label: str, name: str, energy_wh: int) -> None:
        """Keeps one part of the position in a slot [Wh, + bought]; the same part told again counts once."""
        _keep(self._parts, label, {**self._parts.get(label, {}), name: energy_wh}, KEPT_POSITIONS)

    def _hold_contract(self, contract: Contract) -> None:
        name = f"contract/{contract.proposer}/{contract.contract}"
        first_s = parse_utc(contract.first_slot)
        width_s = 60 * (self.calendar.slot_minutes if self.calendar is not None else 15)
        for i, energy_wh in enumerate(signed_wh(contract)):
            self._hold(format_utc(first_s + i * width_s), name, energy_wh)

    @property
    def is_paused(self) -> bool:
        """Whether the operator has stopped trading; None said about it means that it goes on."""
        return self.trading is not None and self.trading.state == "paused"

    @property
    def is_shared(self) -> bool:
        """Whether nothing is auctioned before a slot: what homes plan is all that they agree by."""
        return bool(self.clearings) and self.clearings[max(self.clearings)].outcome == "shared"

    def is_in_rounds(self, name: str) -> bool:
        """Whether a stage asks questions instead of reading sealed orders."""
        return self.calendar is not None and any(s.stage == name and s.in_rounds for s in self.calendar.stages)

    def _is_last(self, clearing: Clearing) -> bool:
        """Whether no later session of the slot follows: only then do orders and clearing say how it will be run."""
        if self.calendar is None:
            return True
        slot = Slot(parse_utc(clearing.slot), self.calendar.slot_minutes)
        following = gates(self.calendar.stages, slot)
        return not following or (following[-1].stage, following[-1].round) == (clearing.stage, clearing.round)

    def _clearings_kept(self) -> int:
        """How many clearings say how slots to come will be run: a whole day where no intraday stage follows."""
        stages = () if self.calendar is None else self.calendar.stages
        is_rolling = not stages or any(stage.kind is StageKind.INTRADAY for stage in stages)
        return KEPT_SLOTS if is_rolling else KEPT_TRADED

    def position_wh(self, slot: Slot) -> int:
        """What this home holds in a slot from all sessions, contracts and the storage so far [Wh, + bought]."""
        return sum(self._parts.get(slot.label, {}).values())

    def promises(self, slot: Slot) -> dict[int, Promise]:
        """What this home has promised to the operator from a slot on, by slot start."""
        found = self.flexibility.promises(self.own_plan, slot.minutes)
        return {start_s: promise for start_s, promise in found.items() if start_s >= slot.start_s}

    def standbys(self, slot: Slot) -> dict[int, Standby]:
        """What this home stands by with for the operator from a slot on, by slot start."""
        found = self.flexibility.standbys(slot.minutes)
        return {start_s: standby for start_s, standby in found.items() if start_s >= slot.start_s}

    def ordered(self, slot: Slot, steps: tuple[Step, ...]) -> None:
        """Remembers the order that was sent for a slot."""
        _keep(self.orders, slot.label, steps, KEPT_TRADED)

    def others_kw(self, first: Slot, count: int) -> Floats | None:
        """Net power that all others plan to draw from `first` on [kW, + import] (count,); None when nobody told."""
        if self.path is None:
            return None
        energy = _aligned(self.path, first, count)
        if self._own_in_path is not None:
            energy -= _aligned(self._own_in_path, first, count)
        return energy / 1000.0 * (60.0 / first.minutes)

    def after_auction(self, slot: Slot, band: Band) -> AfterAuction | None:
        """What a cleared slot left over, as this home sees it; None before clearing and without a market."""
        clearing = self.clearings.get(slot.label)
        if clearing is None or clearing.outcome in ("no_market", "shared"):
            return None
        demand = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.demand]
        supply = [(step.price_micro_per_kwh, step.energy_wh) for step in clearing.supply]
        ends = (band.feed_in_micro, band.retail_micro)
        more = crossing(demand, supply) if clearing.mechanism in LEAVING_OUT else None
        if more is not None and more.volume_wh <= clearing.volume_wh:
            more = None
        volume_wh, price = clearing.volume_wh, clearing.price_micro_per_kwh
        if more is not None:
            volume_wh, price = more.volume_wh, round(more.price_micro)
        community = residual_wh(demand, supply, volume_wh, ends)
        others_kw = (community - self._own_wh(slot, band, clearing, more)) / 1000.0 * (60.0 / slot.minutes)
        width = band.retail_micro - band.feed_in_micro
        share = None if price is None or community or width <= 0 else (price - band.feed_in_micro) / width
        return AfterAuction(others_kw=others_kw, price_share=share)

    def _own_wh(self, slot: Slot, band: Band, clearing: Clearing, more: Crossing | None) -> float:
        """What this home itself draws after the auction: its position and its unfilled steps at the band's ends.

        Where the auction has left trades out (`more`), also what the home does of them. Positions of all members sum
        to zero, so what they hold from before does not change what is left to the grid.
        """
        award, steps = self.awards.get(slot.label), self.orders.get(slot.label, ())
        bought = sold = 0
        if award is not None and (award.stage, award.round) == (clearing.stage, clearing.round):
            bought, sold = award.bought_wh, award.sold_wh
        held = self.position_wh(slot) - bought + sold
        drawn = wanted_wh(tuple(s for s in steps if s.side == "buy"), band.retail_micro)
        fed_in = -wanted_wh(tuple(s for s in steps if s.side == "sell"), band.feed_in_micro)
        will_buy, will_sell = (bought, sold) if more is None else more.filled_wh(steps)
        return held + max(bought, will_buy, drawn) - max(sold, will_sell, fed_in)


def _keep(held: dict[str, T], label: str, item: T, most: int) -> None:
    held[label] = item
    for old in sorted(held)[:-most] if len(held) > most else ():
        del held[old]


def _aligned(source: Path | PlanNotice, first: Slot, count: int) -> Floats:
    """Energy per slot from `first` on [Wh] (count,); beyond its end the last known slot goes on."""
    known = np.array(source.net_wh, dtype=float)
    offset = (first.start_s - parse_utc(source.first_slot)) // first.duration_s
    index = np.arange(count) + offset
    inside = known[np.clip(index, 0, len(known) - 1)] if len(known) else np.zeros(count)
    return np.where(index >= 0, inside, 0.0)
