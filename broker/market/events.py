"""The journaled inputs of the market. State is a fold over them: nothing else ever changes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    at_s: int


class TermsAgreed(_Event):
    """The rules of the community, first in a journal: a journal is only ever continued under the same terms."""

    type: Literal["terms_agreed"] = "terms_agreed"
    terms: dict[str, int | str]


class RegulationAgreed(_Event):
    """A regulation profile holds for the slots that start from now on, or from its own later date on; "" is none."""

    type: Literal["regulation_agreed"] = "regulation_agreed"
    regulation: str


class NetworkAgreed(_Event):
    """The network, the preferences and the roles of members that hold from now on, as texts.

    They are those of every slot that is cleared (network, preferences) or settled first (roles) from now on.
    """

    type: Literal["network_agreed"] = "network_agreed"
    network: str
    preferences: str
    roles: str = ""


class Enrolled(_Event):
    """A meter became a member (or its key, nameplate or gateway changed)."""

    type: Literal["enrolled"] = "enrolled"
    meter: str
    public_key: str
    nameplate_import_w: int
    nameplate_export_w: int
    suspended: bool = False
    gateway: str = ""
    by: str = ""


class MemberRevoked(_Event):
    """The operator has suspended a member: until it is readmitted nothing of it counts, whatever is configured."""

    type: Literal["member_revoked"] = "member_revoked"
    meter: str
    reason: str
    by: str = ""


class MemberReadmitted(_Event):
    """The operator takes a revoked member back."""

    type: Literal["member_readmitted"] = "member_readmitted"
    meter: str
    reason: str
    by: str = ""


class MemberForgotten(_Event):
    """The operator has erased who a revoked member was: the name and the link from meter to person are gone."""

    type: Literal["member_forgotten"] = "member_forgotten"
    meter: str
    by: str = ""


class MarketPaused(_Event):
    """The operator stops trading: sessions whose gate closes from now on have no market."""

    type: Literal["market_paused"] = "market_paused"
    reason: str
    by: str = ""


class MarketResumed(_Event):
    """The operator lets trading go on."""

    type: Literal["market_resumed"] = "market_resumed"
    reason: str
    by: str = ""


class SlotOpened(_Event):
    """A slot can be traded; prices are None when no outside price is known (the slot then has no market)."""

    type: Literal["slot_opened"] = "slot_opened"
    slot_s: int
    retail_micro: int | None
    feed_in_micro: int | None


class LimitsGiven(_Event):
    """What the network carries in a slot (`broker.network.slot_limits`), as it was known when a gate of it closed."""

    type: Literal["limits_given"] = "limits_given"
    slot_s: int
    limits: str


class Received(_Event):
    """A message arrived: topic kind, topic meter and the exact frame (latin-1, so every byte has its character)."""

    type: Literal["received"] = "received"
    kind: str
    meter: str
    frame: str


class BatchReceived(_Event):
    """A gateway sent a batch of household records: the exact frame in base64."""

    type: Literal["batch_received"] = "batch_received"
    gateway: str
    frame: str


class Refused(_Event):
    """A message was too large to keep: its size and digest are recorded, its bytes are not."""

    type: Literal["refused"] = "refused"
    kind: str
    meter: str
    size: int
    digest: str


class GateClosed(_Event):
    """A gate closed: every slot whose current session has the stage and the moment of this slot's is cleared at once.

    In a sealed stage it is cleared after the time to reveal. `stage` and `round` name the session; journals from
    before there were stages leave them out.
    """

    type: Literal["gate_closed"] = "gate_closed"
    slot_s: int
    stage: str = ""
    round: int = 0


class ClearingDue(_Event):
    """The time to reveal the sealed orders of a slot is over."""

    type: Literal["clearing_due"] = "clearing_due"
    slot_s: int


class RoundOver(_Event):
    """A question has been answered by all, or its time is over: the next one is asked, or the slot is cleared."""

    type: Literal["round_over"] = "round_over"
    slot_s: int


class DeliveryEnded(_Event):
    """A slot is over."""

    type: Literal["delivery_ended"] = "delivery_ended"
    slot_s: int


class SettlementDue(_Event):
    """All reports of a slot are there, or the time for them is over."""

    type: Literal["settlement_due"] = "settlement_due"
    slot_s: int


class CorrectionDue(_Event):
    """A settled slot is settled anew: late, replaced or estimated readings have changed it."""

    type: Literal["correction_due"] = "correction_due"
    slot_s: int


class CallAsked(_Event):
    """The operator asks for flexibility, or for standing by, in some slots; `slot_s` is the first."""

    type: Literal["call_asked"] = "call_asked"
    call: str
    stage: str
    direction: Literal["reduce", "increase"]
    slot_s: int
    slots: int
    request_wh: int
    reserve_micro: int
    penalty_micro: int
    by: str = ""


class ActivationAsked(_Event):
    """The operator calls those that stand by in a slot of an ancillary call, before it begins."""

    type: Literal["activation_asked"] = "activation_asked"
    call: str
    slot_s: int
    request_wh: int
    by: str = ""


class CallClosed(_Event):
    """The gate of a call is over: the cheapest offers are awarded."""

    type: Literal["call_closed"] = "call_closed"
    call: str


class StorageAllocated(_Event):
    """The gate of a period of the shared storage is over: its capacity is shared among those who bid for it."""

    type: Literal["storage_allocated"] = "storage_allocated"
    period_s: int


class StorageOperated(_Event):
    """The storage gate of a slot is over: requests are granted, and the storage is told what to do."""

    type: Literal["storage_operated"] = "storage_operated"
    slot_s: int


class SlotCancelled(_Event):
    """The operator voids a slot before it is cleared."""

    type: Literal["slot_cancelled"] = "slot_cancelled"
    slot_s: int


class StateCarried(_Event):
    """What the first `records` records came to was written down: the next start goes on from there.

    `chain` is the value of the journal's chain after them, `state` the digest of what was written down (SHA-256).
    """

    type: Literal["state_carried"] = "state_carried"
    records: int
    chain: str
    state: str


class RecordsErased(_Event):
    """The first `records` records are erased; what they came to stays, as in `StateCarried`.

    Everything before the moment `before_s` [s since 1970] was among them.
    """

    type: Literal["records_erased"] = "records_erased"
    before_s: int
    records: int
    chain: str
    state: str
    by: str = ""


Carrying = StateCarried | RecordsErased
OperatorEvent = Enrolled | MemberRevoked | MemberReadmitted | MemberForgotten | MarketPaused | MarketResumed

Event = Annotated[
    TermsAgreed
    | RegulationAgreed
    | NetworkAgreed
    | Enrolled
    | SlotOpened
    | LimitsGiven
    | Received
    | BatchReceived
    | Refused
    | GateClosed
    | ClearingDue
    | RoundOver
    | DeliveryEnded
    | SettlementDue
    | CorrectionDue
    | SlotCancelled
    | MemberRevoked
    | MemberReadmitted
    | MemberForgotten
    | MarketPaused
    | MarketResumed
    | CallAsked
    | ActivationAsked
    | CallClosed
    | StorageAllocated
    | StorageOperated
    | StateCarried
    | RecordsErased,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


class UnknownRecord(Exception):
    """A journal record that this release does not know: install the release that wrote it, or a newer one."""


def encode_event(event: Event) -> bytes:
    """The journal record of an event."""
    return event.model_dump_json().encode()


def decode_event(record: bytes) -> Event:
    """The event of a journal record.

    Raises: UnknownRecord when the record is none that this release knows.
    """
    try:
        return _ADAPTER.validate_json(record)
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]
        raise UnknownRecord(f"{'.'.join(map(str, what['loc'])) or 'record'}: {what['msg']}"[:200]) from None
