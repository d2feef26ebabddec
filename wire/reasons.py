"""Why a message was not accepted: one code per cause, each with the hint that its sender needs."""

from enum import StrEnum


class Reason(StrEnum):
    """Rejection codes. They are part of the protocol: a code is never renamed, only added."""

    OVERSIZED = "oversized"
    BAD_FRAME = "bad_frame"
    UNKNOWN_METER = "unknown_meter"
    SUSPENDED = "suspended"
    BAD_SIGNATURE = "bad_signature"
    MALFORMED = "malformed"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_FIELD = "unknown_field"
    OUT_OF_RANGE = "out_of_range"
    WRONG_COMMUNITY = "wrong_community"
    WRONG_METER = "wrong_meter"
    WRONG_GATEWAY = "wrong_gateway"
    WRONG_STAGE = "wrong_stage"
    FOREIGN_SLOT = "foreign_slot"
    GATE_CLOSED = "gate_closed"
    TOO_EARLY = "too_early"
    STALE_SEQUENCE = "stale_sequence"
    CONFLICTING_SEQUENCE = "conflicting_sequence"
    TOO_MANY_STEPS = "too_many_steps"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    NO_MARKET = "no_market"
    SEALED_MARKET = "sealed_market"
    NOT_SEALED = "not_sealed"
    WRONG_REVEAL = "wrong_reveal"
    ROUND_OVER = "round_over"
    WRONG_REPLY = "wrong_reply"
    OVER_NAMEPLATE = "over_nameplate"
    SELF_CROSSING = "self_crossing"
    NOT_MONOTONE = "not_monotone"
    QUOTA_EXCEEDED = "quota_exceeded"
    SLOT_NOT_OVER = "slot_not_over"
    ALREADY_SETTLED = "already_settled"
    REGISTER_WENT_BACK = "register_went_back"
    REGISTER_MISMATCH = "register_mismatch"
    WRONG_HORIZON = "wrong_horizon"
    NOT_MEASURED = "not_measured"
    NO_REASON = "no_reason"
    UNKNOWN_CONTRACT = "unknown_contract"
    BAD_LINK = "bad_link"
    UNKNOWN_CALL = "unknown_call"
    STORAGE_RULES = "storage_rules"


HINTS: dict[Reason, str] = {
    Reason.OVERSIZED: "keep a message within 16 KiB: merge neighbouring price steps",
    Reason.BAD_FRAME: "send 'v1.<86 characters base64url signature>.<JSON payload>'",
    Reason.UNKNOWN_METER: "ask the operator to enrol this meter's key (community-broker add-member)",
    Reason.SUSPENDED: "the operator has suspended this meter: ask the operator",
    Reason.BAD_SIGNATURE: "sign domain tag, community and the exact payload bytes with the enrolled key",
    Reason.MALFORMED: "send one JSON object that holds the schema's fields with the schema's types",
    Reason.UNKNOWN_VERSION: "use protocol version 1",
    Reason.UNKNOWN_FIELD: "remove the field that the schema does not know",
    Reason.OUT_OF_RANGE: "keep the value inside the range that the schema states",
    Reason.WRONG_COMMUNITY: "use the community id from the market calendar",
    Reason.WRONG_METER: "publish under the topic of the meter that signs",
    Reason.WRONG_GATEWAY: "send through the gateway that the operator enrolled for this meter",
    Reason.WRONG_STAGE: "use a stage that the market calendar lists",
    Reason.FOREIGN_SLOT: "name a slot start that is a multiple of the calendar's slot length",
    Reason.GATE_CLOSED: "send before the gate that the calendar states for the stage",
    Reason.TOO_EARLY: "send when the stage is open for the slot: inside its horizon, and after the stages before it",
    Reason.STALE_SEQUENCE: "use a sequence above the last one of this slot",
    Reason.CONFLICTING_SEQUENCE: "this sequence already carried another content: use the next sequence",
    Reason.TOO_MANY_STEPS: "merge price steps until at most the calendar's number remains",
    Reason.PRICE_OUT_OF_BAND: "keep prices inside the slot's band [lowest feed-in, highest retail]",
    Reason.NO_MARKET: "this slot takes no orders (feed-in above retail, shared after metering, or paused): skip it",
    Reason.SEALED_MARKET: "this stage takes sealed orders: send 'sealed' before the gate, 'reveal' after it",
    Reason.NOT_SEALED: "this stage takes open orders: send 'order'",
    Reason.WRONG_REVEAL: "between gate and clearing, reveal the sequence, salt and steps of the sealed order",
    Reason.ROUND_OVER: "answer the newest question before its answer_by; what was said before counts on",
    Reason.WRONG_REPLY: "answer every price of the question from the steps of the sealed order",
    Reason.OVER_NAMEPLATE: "trade no more, with what is held, than the connection's nameplate times the slot length",
    Reason.SELF_CROSSING: "keep every buy price below every sell price of the same order",
    Reason.NOT_MONOTONE: "order buy steps by falling and sell steps by rising price",
    Reason.QUOTA_EXCEEDED: "send fewer messages per slot",
    Reason.SLOT_NOT_OVER: "report a slot after its end",
    Reason.ALREADY_SETTLED: "this slot is settled and the time for corrections is over: ask the operator",
    Reason.REGISTER_WENT_BACK: "cumulative registers only rise: check meter replacement or rollover",
    Reason.REGISTER_MISMATCH: "import and export energy must be the differences of the stated registers",
    Reason.UNKNOWN_CONTRACT: "name a proposal that was made to this meter, with the digest of its payload",
    Reason.BAD_LINK: "name as parent an own block of the same day that does not hang on this one",
    Reason.UNKNOWN_CALL: "name a call that the broker has published",
    Reason.STORAGE_RULES: "ask what the rules of the shared storage (message 'storage') allow, in one of its periods",
    Reason.WRONG_HORIZON: "send between 1 and 288 slots, starting with a slot that has not begun",
    Reason.NOT_MEASURED: "what was reported or settled before is only replaced by a measured value",
    Reason.NO_REASON: "a measured value stands already: say in 'replaces' why it is replaced",
}
