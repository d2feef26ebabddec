"""How the members of a proof day use the storage that they share, and what they check of it themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from hems.bidding.offers import Offers
from hems.bidding.storage import StorageOffers
from hems.control.storage_view import StorageView
from hems.control.transactive_meter import Frame
from proofs.drawn_storage import METER, DrawnStorage
from proofs.own_clock import Member
from wire import messages as m
from wire.audit import Violation
from wire.codec import decode
from wire.signing import split
from wire.slots import Slot
from wire.storage_audit import StorageAudit

BID_BEFORE_S = (600, 240)
ASK_BEFORE_S = (50, 20)
Sent = list[tuple[str, Frame]]


@dataclass(slots=True)
class StorageUsers:
    """Members with a shared storage; what each was told of it passes its own check, `found` is what that said."""

    drawn: DrawnStorage
    members: Mapping[str, Member]
    rules: m.StorageRules
    receipts: list[m.Receipt] = field(default_factory=list)
    found: list[Violation] = field(default_factory=list)
    audits: dict[str, StorageAudit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.audits = {name: StorageAudit(rules=self.rules) for name in self.members}
        for member in self.members.values():
            member.meter.view.learn(self.rules)

    def bids(self) -> list[tuple[int, Callable[[int], Sent]]]:
        """When the members bid for the periods of the day, and what they send then."""
        gates_s = [(period_s, period_s - self.drawn.agreed.allocation_lead_s) for period_s in self.drawn.periods_s]
        return [
            (gate_s - before_s, partial(self._bids, period_s, turn))
            for period_s, gate_s in gates_s
            for turn, before_s in enumerate(BID_BEFORE_S)
        ]

    def asked(self, slot: Slot) -> list[tuple[int, Callable[[int], Sent]]]:
        """When the members ask for a slot, and what they send then."""
        gate_s = slot.start_s - self.drawn.gate_lead_s
        return [
            (gate_s - before_s, partial(self._requests, slot, turn)) for turn, before_s in enumerate(ASK_BEFORE_S)
        ]

    def noted(self, message: m.Message, slot_s: int) -> None:
        """Lets a member check what it was told of its share."""
        match message:
            case m.Receipt() if message.of in (m.StorageBid.kind, m.StorageRequest.kind):
                self.receipts.append(message)
            case m.StorageShare():
                self.found += self.audits[message.meter].share(message)
            case m.StorageGrant():
                self.found += self.audits[message.meter].grant(message, slot_s)
            case m.Settlement():
                self.found += self.audits[message.meter].settlement(message)
            case _:
                pass

    def _bids(self, period_s: int, turn: int, now_s: int) -> Sent:
        return self._frames(lambda name, _member, _own_s: self.drawn.bid(name, period_s, turn), now_s)

    def _requests(self, slot: Slot, turn: int, now_s: int) -> Sent:
        def wish(name: str, member: Member, _own_s: int) -> StorageOffers:
            view, own = member.meter.view.storage, member.own_slot(slot, now_s)
            return self.drawn.wish(name, own, turn, view.level_wh, view.share_wh(own.start_s))

        return self._frames(wish, now_s)

    def _frames(self, wish: Callable[[str, Member, int], StorageOffers], now_s: int) -> Sent:
        sent: Sent = []
        for name, member in self.members.items():
            if name == METER or not member.may_act:
                continue
            own_s = member.own_s(now_s)
            frames = member.meter.offers(Offers(storage=wish(name, member, own_s)), own_s)
            for frame in frames:
                self.audits[name].sent(_wish(frame))
                sent.append((name, frame))
        return sent


def _wish(frame: Frame) -> m.StorageBid | m.StorageRequest:
    """The bid or the request of a signed frame."""
    payload = split(frame.data)[1]
    return decode(m.StorageBid, payload) if frame.kind == m.StorageBid.kind else decode(m.StorageRequest, payload)


def stored_wh(view: StorageView, meter: str, slot: Slot) -> int:
    """What a member's position in a slot has of the storage [Wh, + bought], as far as it was told."""
    if meter == METER:
        flow = view.flows.get(slot.start_s)
        return 0 if flow is None else flow.flow_wh
    return -view.granted_wh(slot.start_s)
