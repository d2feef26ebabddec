"""When a shared storage is allocated and operated: gates of periods and of slots, and what time has brought."""

from dataclasses import dataclass

from broker.market.events import StorageAllocated, StorageOperated
from broker.market.storage.state import StorageState
from broker.market.storage_terms import StorageTerms
from broker.market.terms import Terms
from wire.messages import Stage, StageKind

DUE_MAX = 500  # events at once: a broker that was away for weeks goes on in pieces


@dataclass(frozen=True, slots=True)
class StorageSchedule:
    """The gates of a community's storage; moments in s since 1970. Changes nothing but where the periods begin."""

    terms: Terms
    state: StorageState

    @property
    def agreed(self) -> StorageTerms | None:
        """The terms of the storage, None in a community without one."""
        return self.terms.shared_storage

    @property
    def stage(self) -> Stage | None:
        """The stage of the calendar in which members ask for their shares, None without one."""
        return self.terms.stage_of_kind(StageKind.STORAGE)

    @property
    def slot_s(self) -> int:
        """The length of a slot [s]."""
        return 60 * self.terms.slot_minutes

    def gate_s(self, slot_s: int) -> int:
        """Until when requests for a slot count."""
        assert self.stage is not None and self.stage.gate_lead_s is not None, "checked when the stage was read"
        return slot_s - self.stage.gate_lead_s

    def period_gate_s(self, period_s: int) -> int:
        """Until when bids for a period count."""
        assert self.agreed is not None, "a community without a storage has no periods"
        return period_s - self.agreed.allocation_lead_s

    def begin(self, at_s: int) -> None:
        """Fixes the first period that members can bid for, when the market opens its first slot."""
        if self.agreed is not None and self.state.next_period_s is None:
            self.state.next_period_s = self.agreed.first_open_period_s(at_s)

    def due(self, now_s: int) -> list[StorageAllocated | StorageOperated]:
        """What time has brought, in its order: a period is allocated before its first slot is operated."""
        events: list[StorageAllocated | StorageOperated] = []
        agreed, period_s, slot_s = self.agreed, self.state.next_period_s, self.state.next_slot_s
        while agreed is not None and period_s is not None and len(events) < DUE_MAX:
            if self._next_s(period_s, slot_s) > now_s:
                break
            if slot_s is not None and self.gate_s(slot_s) < self.period_gate_s(period_s):
                events.append(StorageOperated(at_s=now_s, slot_s=slot_s))
                slot_s += self.slot_s
            else:
                events.append(StorageAllocated(at_s=now_s, period_s=period_s))
                slot_s = period_s if slot_s is None else slot_s
                period_s += agreed.period_s
        return events

    def next_s(self) -> int | None:
        """The next moment at which something is due, None without a storage."""
        period_s = self.state.next_period_s
        return None if period_s is None else self._next_s(period_s, self.state.next_slot_s)

    def _next_s(self, period_s: int, slot_s: int | None) -> int:
        gate_s = self.period_gate_s(period_s)
        return gate_s if slot_s is None else min(gate_s, self.gate_s(slot_s))
