"""What a home knows of the storage that its community shares: rules, own shares, own account, what it has to do."""

from dataclasses import dataclass, field

from wire.messages import Calendar, StageKind, StorageFlow, StorageGrant, StorageRules, StorageShare
from wire.slots import Slot, parse_utc, slot_at

DAY_S = 86_400
KEPT = 8


@dataclass(slots=True)
class StorageView:
    """The newest of each; shares by the start of their period, grants and flows by slot start [s since 1970]."""

    rules: StorageRules | None = None
    gate_lead_s: int | None = None
    horizon_slots: int = 0
    shares: dict[int, StorageShare] = field(default_factory=dict)
    grants: dict[int, StorageGrant] = field(default_factory=dict)
    flows: dict[int, StorageFlow] = field(default_factory=dict)

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker; other kinds change nothing here."""
        match message:
            case Calendar():
                for stage in (s for s in message.stages if s.kind is StageKind.STORAGE):
                    self.gate_lead_s, self.horizon_slots = stage.gate_lead_s, stage.horizon_slots or 0
            case StorageRules():
                self.rules = message
            case StorageShare():
                self.shares[parse_utc(message.period)] = message
                _trim(self.shares)
            case StorageGrant():
                self.grants[parse_utc(message.slot)] = message
                _trim(self.grants)
            case StorageFlow():
                self.flows[parse_utc(message.slot)] = message
                _trim(self.flows)

    @property
    def newest(self) -> StorageGrant | None:
        """The newest grant, None before the first."""
        return self.grants[max(self.grants)] if self.grants else None

    @property
    def level_wh(self) -> int:
        """What the own account holds."""
        return 0 if self.newest is None else self.newest.level_wh

    def is_of(self, meter: str) -> bool:
        """Whether a meter is the one that measures the storage."""
        return self.rules is not None and self.rules.storage_meter == meter

    def granted_wh(self, slot_s: int) -> int:
        """What was granted in a slot [Wh, + charge]."""
        grant = self.grants.get(slot_s)
        return 0 if grant is None else grant.granted_wh

    def share_wh(self, slot_s: int) -> int:
        """The own share in a slot."""
        share = self.shares.get(self.period_s(slot_s))
        return 0 if share is None else share.share_wh

    def period_s(self, slot_s: int) -> int:
        """When the period of a slot begins."""
        assert self.rules is not None, "a period is one of the rules"
        first_s = parse_utc(self.rules.first_period)
        return slot_s - (slot_s - first_s) % (self.rules.period_days * DAY_S)

    def open_period_s(self, now_s: int) -> int:
        """The first period whose bids still count at a moment."""
        assert self.rules is not None, "a period is one of the rules"
        return self.period_s(now_s + self.rules.allocation_lead_s) + self.rules.period_days * DAY_S

    def is_ahead(self, slot: Slot, now_s: int) -> bool:
        """Whether the gate of requests for a slot is still ahead."""
        return self.gate_lead_s is not None and slot.start_s - self.gate_lead_s > now_s

    def is_in_reach(self, slot: Slot, now_s: int) -> bool:
        """Whether requests for a slot are taken already."""
        return slot <= slot_at(now_s, slot.minutes).shifted(self.horizon_slots)

    def told_kw(self, meter: str, slot: Slot) -> float | None:
        """What the storage has to draw in a slot [kW]; None for a meter that does not measure it."""
        if not self.is_of(meter):
            return None
        flow = self.flows.get(slot.start_s)
        return 0.0 if flow is None else flow.flow_wh / 1000.0 * 60.0 / slot.minutes


def _trim(held: dict[int, StorageShare] | dict[int, StorageGrant] | dict[int, StorageFlow]) -> None:
    for old in sorted(held)[:-KEPT]:
        del held[old]
