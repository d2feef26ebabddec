"""A storage that members share, as a part of the market's fold: allocated by period, operated slot by slot.

The operation of a slot is told before the slot is traded: what a member charges it has sold to the storage, what it
discharges it has bought from it, both at 0, and the storage's own meter holds the rest. So positions sum to zero, and
members trade what is left. Nothing is granted in a slot that cannot be settled (no prices, void, paused, too late);
standing losses go on. All accounts are whole Wh, and their sum is the charge of the storage.
"""

from collections.abc import Mapping
from fractions import Fraction

from broker.contracts.storage_account import after_new_shares, operate
from broker.ledger.transfer import MARKET
from broker.market.sessions.slot_book import Basis, SlotBook
from broker.market.storage.allocation import allocated
from broker.market.storage.grants import hold_grants, told_flow, told_grants
from broker.market.storage.schedule import StorageSchedule
from broker.market.storage.state import Asked, Owed, StorageState
from broker.market.terms import Member, Terms
from broker.settlement.stored import StoragePayment
from wire.messages import SlotState, StorageFlow, StorageGrant, StorageRequest, StorageRules, StorageShare
from wire.slots import Slot
from wire.storage_lines import HANDED

KEPT_S = 86_400  # requests of past slots are still receipted when they come again
Told = StorageShare | StorageGrant | StorageFlow


class SharedStorage:
    """The storage of a community; in one without a storage nothing of this ever happens."""

    def __init__(self, terms: Terms, members: Mapping[str, Member]) -> None:
        self.state = StorageState()
        self.schedule = StorageSchedule(terms, self.state)
        self._terms = terms
        self._members = members

    def rules(self) -> StorageRules | None:
        """What the members are told of it, None without a storage."""
        agreed, stage = self.schedule.agreed, self.schedule.stage
        return None if agreed is None or stage is None else agreed.rules(self._terms.community, stage.stage)

    def allocate(self, period_s: int) -> list[StorageShare]:
        """Shares the capacity of a period; who bids or has a share in it is told."""
        agreed, stage, state = self.schedule.agreed, self.schedule.stage, self.state
        assert agreed is not None and stage is not None, "only a storage is allocated"
        bids = Asked({m: b for m, b in state.bids.get(period_s, Asked()).held.items() if self._is_active(m)})
        result = allocated(agreed, state, bids, Fraction(stage.k_permille, 1000))
        if result.scores is not None:
            state.scores, state.contributed = dict(result.scores), {}
        state.coming, state.coming_s = dict(result.shares), period_s
        state.owed += [Owed(period_s, payment) for payment in result.payments(agreed.meter)]
        state.next_period_s = period_s + agreed.period_s
        if state.next_slot_s is None:
            state.next_slot_s = period_s
        for old in [p for p in state.bids if p < period_s]:
            del state.bids[old]
        return result.told(self._terms.community, {*result.shares, *bids.held}, period_s)

    def operate(self, slot_s: int, at_s: int, book: SlotBook | None, *, is_paused: bool) -> list[Told]:
        """Operates a slot by the requests that count, and puts what is granted into the book of the slot."""
        agreed, stage, state = self.schedule.agreed, self.schedule.stage, self.state
        assert agreed is not None and stage is not None, "only a storage is operated"
        width_s, community = self.schedule.slot_s, self._terms.community
        slot, asked = Slot(slot_s, self._terms.slot_minutes), state.requests.get(slot_s, Asked())
        handed = self._new_shares(slot_s)
        open_book = book if book is not None and not is_paused and self._can_settle(book, at_s) else None
        requests = self._requests(asked) if open_book is not None else {}
        done = operate(agreed.unit(width_s), state.shares, state.levels, requests)
        state.levels = {m: wh for m, wh in done.levels.items() if wh or state.shares.get(m)}
        state.next_slot_s = slot_s + width_s
        for old in [s for s in state.requests if s < slot_s - KEPT_S]:
            del state.requests[old]
        told: list[Told] = [
            *told_grants(done, asked, handed=handed, shares=state.shares, community=community, slot=slot.label)
        ]
        if open_book is None:
            return told
        hold_grants(open_book, done.granted, done.flow, stage=stage.stage, owner=agreed.meter)
        return [*told, told_flow(done, community=community, owner=agreed.meter, slot=slot.label)]

    def payments(self, book: SlotBook) -> tuple[StoragePayment, ...]:
        """What becomes due with the first settlement of a slot; it is owed no longer."""
        start_s, state = book.slot.start_s, self.state
        due = tuple(owed.payment for owed in state.owed if owed.from_s <= start_s)
        state.owed = [owed for owed in state.owed if owed.from_s > start_s]
        return due

    def learn(self, before: Mapping[str, Basis], now: Mapping[str, Basis]) -> None:
        """Counts what members delivered in a slot by what it was settled on, and what a correction has changed."""
        agreed, contributed = self.schedule.agreed, self.state.contributed
        if agreed is None or agreed.allocation != "reputation":
            return
        for meter, basis in now.items():
            news_wh = _delivered_wh(basis) - _delivered_wh(before.get(meter))
            if news_wh and meter != agreed.meter:
                contributed[meter] = contributed.get(meter, 0) + news_wh

    def _new_shares(self, slot_s: int) -> dict[str, int]:
        """What each account gains (+) or loses (-) [Wh] where a slot begins a period; the price of it is owed."""
        agreed, state = self.schedule.agreed, self.state
        if agreed is None or state.coming_s is None or slot_s < state.coming_s:
            return {}
        before, state.shares = state.levels, state.coming
        state.levels = after_new_shares(state.shares, before)
        state.coming, state.coming_s = {}, None
        handed = {m: wh - before.get(m, 0) for m, wh in sorted(state.levels.items()) if wh != before.get(m, 0)}
        price = agreed.handover_price_micro
        state.owed += [
            Owed(slot_s, StoragePayment(meter=meter, to=MARKET, amount_nano=energy_wh * price, label=HANDED))
            for meter, energy_wh in handed.items()
            if price
        ]
        return handed

    def _requests(self, asked: Asked) -> dict[str, int]:
        return {
            meter: wish.energy_wh
            for meter, (wish, _) in asked.held.items()
            if isinstance(wish, StorageRequest) and self._is_active(meter)
        }

    def _is_active(self, meter: str) -> bool:
        member = self._members.get(meter)
        return member is not None and not member.suspended

    def _can_settle(self, book: SlotBook, at_s: int) -> bool:
        """Whether what is granted in a slot can still be traded around, and will be settled."""
        is_kept = book.prices is not None and book.state is not SlotState.VOID
        return is_kept and at_s < self._terms.gate_s(book.slot)


def _delivered_wh(basis: Basis | None) -> int:
    """What a member fed in by its meter [Wh]; an estimate shows nothing."""
    return max(-basis.metered_wh, 0) if basis is not None and basis.is_measured else 0
