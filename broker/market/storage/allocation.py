"""Who gets which share of a storage for a period: by auction, by reputation, or as agreed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from broker.clearing.book import Step
from broker.clearing.outcome import Rules
from broker.contracts.storage_shares import auctioned, by_reputation, scores_after
from broker.ledger.transfer import account
from broker.market.storage.state import Asked, StorageState
from broker.market.storage_terms import StorageTerms
from broker.settlement.stored import StoragePayment
from wire.messages import StorageBid, StorageShare
from wire.slots import format_utc
from wire.storage_lines import SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """The `shares` [Wh] of a period, the price of a kWh [micro] where they were auctioned, the `scores` now [Wh]."""

    shares: dict[str, int]
    price_micro: int | None = None
    scores: dict[str, int] | None = None

    def amount_nano(self, meter: str) -> int:
        """What a member pays for its share [nano]."""
        return self.shares.get(meter, 0) * (self.price_micro or 0)

    def payments(self, owner: str) -> list[StoragePayment]:
        """What the members pay to the owner of the storage."""
        return [
            StoragePayment(meter=meter, to=account(owner), amount_nano=nano, label=SHARE)
            for meter in sorted(self.shares)
            if (nano := self.amount_nano(meter))
        ]

    def told(self, community: str, meters: Iterable[str], period_s: int) -> list[StorageShare]:
        """What each member is told."""
        return [
            StorageShare(
                community=community,
                meter=meter,
                period=format_utc(period_s),
                share_wh=self.shares.get(meter, 0),
                price_micro_per_kwh=self.price_micro,
                amount_nano=self.amount_nano(meter),
                score_wh=None if self.scores is None else self.scores.get(meter, 0),
            )
            for meter in sorted(meters)
        ]


def allocated(terms: StorageTerms, state: StorageState, bids: Asked, k: Fraction) -> Allocated:
    """The allocation of a period; `k` (0..1) places the price of the auction."""
    found = {meter: bid for meter, (bid, _) in sorted(bids.held.items()) if isinstance(bid, StorageBid)}
    if terms.allocation == "shares":
        return Allocated(shares=dict(terms.shares))
    if terms.allocation == "auction":
        steps = [
            Step(meter, step.price_micro_per_kwh, step.energy_wh)
            for meter, bid in found.items()
            for step in bid.steps
        ]
        outcome = auctioned(terms.capacity_wh, terms.reserve_price_micro, steps, terms.meter, Rules(k=k))
        return Allocated(shares=_positive(outcome.bought), price_micro=outcome.buyer_price)
    scores = {m: max(score, 0) for m, score in scores_after(state.scores, state.contributed, terms.decay).items()}
    requests = {meter: bid.request_wh or 0 for meter, bid in found.items()}
    return Allocated(shares=_positive(by_reputation(terms.capacity_wh, scores, requests)), scores=scores)


def _positive(shares: Mapping[str, int]) -> dict[str, int]:
    return {meter: wh for meter, wh in sorted(shares.items()) if wh > 0}
