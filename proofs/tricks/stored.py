"""Tricks with a storage that the members share: whose it is, what it does for whom, what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from broker.contracts.storage_account import Operated, Storage
from broker.contracts.storage_account import operate as honest_operation
from broker.market.storage import allocation
from broker.market.storage.allocation import Allocated
from broker.market.storage.state import Asked, StorageState
from broker.market.storage_terms import StorageTerms
from broker.market.terms import Terms
from broker.settlement.stored import StoragePayment
from proofs.drawn_storage import DrawnStorage
from proofs.tricks.plot import Cheat, Plot, Replaced, cheat
from proofs.watched_community import COMMUNITY, slot
from wire.audit import Check
from wire.messages import StorageBid

Wh = Mapping[str, int]
FIRST_SLOT, CHEATED_SLOT = 1, 5
GATE_LEAD_S = 200


def smaller_share(plot: Plot) -> Replaced:
    """A member gets less capacity than it has outbid the price for."""

    def change(result: Allocated, bids: Mapping[str, StorageBid]) -> Allocated:
        for meter, share_wh in result.shares.items():
            above = [s.energy_wh for s in bids[meter].steps if s.price_micro_per_kwh > (result.price_micro or 0)]
            if sum(above) == share_wh > 0:
                plot.done = True
                return replace(result, shares={**result.shares, meter: share_wh - plot.rng.randint(1, share_wh)})
        return result

    return _allocating(change)


def dearer_share(plot: Plot) -> Replaced:
    """Shares cost more than anybody has bid for them."""

    def change(result: Allocated, bids: Mapping[str, StorageBid]) -> Allocated:
        if not result.shares:
            return result
        plot.done = True
        most = max(step.price_micro_per_kwh for bid in bids.values() for step in bid.steps)
        return replace(result, price_micro=most + plot.rng.randint(1, 100_000))

    return _allocating(change)


def unasked_grant(plot: Plot) -> Replaced:
    """The storage does more for a member than it has asked for."""

    def operate(storage: Storage, shares: Wh, levels: Wh, requests: Wh) -> Operated:
        done = honest_operation(storage, shares, levels, requests)
        wanted = {**requests, **{name: wh + 200 for name, wh in requests.items() if wh > 0}}
        other = honest_operation(storage, shares, levels, wanted)
        more = [name for name, wh in requests.items() if other.granted.get(name, 0) > wh > 0]
        plot.done = plot.done or bool(more)
        return other if more else done

    return {"operate": operate}


def lose_more(plot: Plot) -> Replaced:
    """Members lose half of what they charge and hold, in a storage that is stated to lose little."""

    def operate(storage: Storage, shares: Wh, levels: Wh, requests: Wh) -> Operated:
        worse = replace(storage, standing_loss=Fraction(1, 2))
        done = honest_operation(worse, shares, levels, requests)
        plot.done = plot.done or any(done.losses[n] > abs(done.granted[n]) // 5 + 20 for n in done.losses)
        return done

    return {"operate": operate}


def skim(plot: Plot) -> Replaced:
    """What was in one member's account is in another's."""

    def operate(storage: Storage, shares: Wh, levels: Wh, requests: Wh) -> Operated:
        victims = [name for name, wh in levels.items() if wh > 1 and requests.get(name)]
        friends = [name for name in shares if name not in victims[:1]]
        if not victims or not friends:
            return honest_operation(storage, shares, levels, requests)
        plot.done = True
        taken = plot.rng.randint(1, levels[victims[0]])
        moved = {victims[0]: levels[victims[0]] - taken, friends[0]: levels.get(friends[0], 0) + taken}
        return honest_operation(storage, shares, {**levels, **moved}, requests)

    return {"operate": operate}


def dearer_bill(plot: Plot) -> Replaced:
    """A share is billed dearer than it was told; ledger, log and sums fit."""

    def change(result: Allocated, _: Mapping[str, StorageBid]) -> Allocated:
        plot.done = bool(result.payments(""))
        return _Dearer(shares=result.shares, price_micro=result.price_micro)

    return _allocating(change)


class _Dearer(Allocated):
    """An allocation whose payments are higher than what it tells."""

    __slots__ = ()

    def payments(self, owner: str) -> list[StoragePayment]:
        """The payments, each a little higher."""
        honest = Allocated(shares=self.shares, price_micro=self.price_micro).payments(owner)
        return [replace(one, amount_nano=one.amount_nano + 1_000) for one in honest]


def _allocating(change: Callable[[Allocated, Mapping[str, StorageBid]], Allocated]) -> Replaced:
    """Changes the allocation of a period."""

    def allocated(terms: StorageTerms, state: StorageState, bids: Asked, k: Fraction) -> Allocated:
        known = {meter: bid for meter, (bid, _) in bids.held.items() if isinstance(bid, StorageBid)}
        return change(allocation.allocated(terms, state, bids, k), known)

    return {"allocated": allocated}


def stored_terms(name: str, members: int) -> dict[str, Any]:
    """The terms of a trick's community beside the usual ones: the last member's meter measures a storage."""
    if name not in STORED_CHEATS:
        return {}
    of_shares = name in ("smaller_share", "dearer_share", "dearer_bill")
    agreed = StorageTerms(
        meter=f"home-{members}",
        capacity_wh=6_000,
        charge_w=8_000,
        discharge_w=8_000,
        charge_efficiency_ppm=950_000,
        discharge_efficiency_ppm=950_000,
        period_days=1,
        first_period_s=slot(CHEATED_SLOT if of_shares else FIRST_SLOT).start_s,
        allocation_lead_s=GATE_LEAD_S,
    )
    drawn = DrawnStorage(seed=members, agreed=agreed, gate_lead_s=GATE_LEAD_S, habit="follows")
    terms = drawn.shared_in(Terms(community=COMMUNITY, horizon_slots=4))
    return {"stages": terms.stages, "storage": terms.storage, "sealed": False}


STORED_CHEATS: dict[str, Cheat] = {
    one.trick.__name__: one
    for one in (
        cheat(smaller_share, Check.OWN_STORAGE),
        cheat(dearer_share, Check.OWN_STORAGE),
        cheat(dearer_bill, Check.OWN_STORAGE),
        cheat(unasked_grant, Check.OWN_STORAGE),
        cheat(lose_more, Check.OWN_STORAGE),
        cheat(skim, Check.OWN_STORAGE),
    )
}
