"""Whether a bid for a share of the storage, or a request to it, counts: every check, without touching the state."""

from itertools import pairwise

from broker.market.admission.intake import stale
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.limits import slot_of
from broker.market.storage.schedule import StorageSchedule
from broker.market.storage.state import Asked, Wish
from broker.market.storage_terms import StorageTerms
from broker.market.terms import Member, Terms
from wire.messages import StorageBid, StorageRequest
from wire.reasons import Reason
from wire.slots import format_utc, parse_utc, slot_at

PERIODS_AHEAD = 2


def admit_bid(
    bid: StorageBid, digest: str, *, asked: Asked, schedule: StorageSchedule, member: Member, terms: Terms, at_s: int
) -> Admission:
    """Whether a bid counts; `asked` are the bids for its period."""
    agreed = _storage_for(member, schedule)
    if isinstance(agreed, Rejected):
        return agreed
    period_s = parse_utc(bid.period)
    if not agreed.is_period(period_s):
        detail = f"no period begins at {bid.period}: the next is {format_utc(agreed.first_open_period_s(at_s))}"
        return Rejected(Reason.STORAGE_RULES, detail, "period")
    if _is_repeated(digest, member, asked):
        return Accepted(repeated=True)
    gate_s = schedule.period_gate_s(period_s)
    if at_s >= gate_s:
        return Rejected(Reason.GATE_CLOSED, f"bids for {bid.period} counted until {format_utc(gate_s)}", "period")
    if period_s >= agreed.first_open_period_s(at_s) + PERIODS_AHEAD * agreed.period_s:
        return Rejected(Reason.TOO_EARLY, f"{bid.period} is more than {PERIODS_AHEAD} periods ahead", "period")
    return _out_of_turn(bid, member, asked, terms) or _wrong_form(bid, agreed, terms) or Accepted()


def admit_request(
    request: StorageRequest,
    digest: str,
    *,
    asked: Asked,
    schedule: StorageSchedule,
    member: Member,
    terms: Terms,
    at_s: int,
) -> Admission:
    """Whether a request counts; `asked` are those for its slot. What it gets is cut to share, charge and power."""
    agreed = _storage_for(member, schedule)
    if isinstance(agreed, Rejected):
        return agreed
    slot = slot_of(request.slot, terms)
    if isinstance(slot, Rejected):
        return slot
    if _is_repeated(digest, member, asked):
        return Accepted(repeated=True)
    assert schedule.stage is not None and schedule.stage.horizon_slots is not None, "a storage has its stage"
    gate_s = schedule.gate_s(slot.start_s)
    if at_s >= gate_s:
        return Rejected(Reason.GATE_CLOSED, f"requests for {slot.label} counted until {format_utc(gate_s)}", "slot")
    if slot > slot_at(at_s, terms.slot_minutes).shifted(schedule.stage.horizon_slots):
        return Rejected(Reason.TOO_EARLY, f"{slot.label} is beyond the horizon of the storage", "slot")
    if abs(request.energy_wh) > agreed.capacity_wh:
        detail = f"{request.energy_wh} Wh of a storage of {agreed.capacity_wh} Wh"
        return Rejected(Reason.OUT_OF_RANGE, detail, "energy_wh")
    return _out_of_turn(request, member, asked, terms) or Accepted()


def _storage_for(member: Member, schedule: StorageSchedule) -> StorageTerms | Rejected:
    """The storage that a member may use."""
    agreed = schedule.agreed
    if agreed is None or schedule.stage is None:
        return Rejected(Reason.WRONG_STAGE, "the calendar has no storage stage")
    if member.meter == agreed.meter:
        return Rejected(Reason.STORAGE_RULES, "the meter of the storage itself has no share in it", "meter")
    return agreed


def _is_repeated(digest: str, member: Member, asked: Asked) -> bool:
    held = asked.held.get(member.meter)
    return held is not None and held[1] == digest


def _out_of_turn(wish: Wish, member: Member, asked: Asked, terms: Terms) -> Rejected | None:
    """Too many messages, or a sequence that is not above the last one."""
    if asked.messages.get(member.meter, 0) >= terms.messages_per_slot_max:
        return Rejected(Reason.QUOTA_EXCEEDED, f"more than {terms.messages_per_slot_max} messages of a {wish.kind}")
    held = asked.held.get(member.meter)
    if held is not None and wish.sequence <= held[0].sequence:
        return stale(wish.sequence, held[0].sequence)
    return None


def _wrong_form(bid: StorageBid, agreed: StorageTerms, terms: Terms) -> Rejected | None:
    """What keeps a bid from counting under the rule by which capacity is shared."""
    if agreed.allocation == "shares":
        return Rejected(Reason.STORAGE_RULES, "the shares are agreed, nobody bids for them")
    if agreed.allocation == "reputation" and (bid.steps or bid.request_wh is None):
        return Rejected(Reason.STORAGE_RULES, "shares follow reputation: request_wh without steps", "steps")
    if agreed.allocation == "auction" and bid.request_wh is not None:
        return Rejected(Reason.STORAGE_RULES, "shares are auctioned: steps, and request_wh null", "request_wh")
    if len(bid.steps) > terms.steps_max:
        return Rejected(Reason.TOO_MANY_STEPS, f"{len(bid.steps)} steps, at most {terms.steps_max}", "steps")
    if any(after.price_micro_per_kwh > before.price_micro_per_kwh for before, after in pairwise(bid.steps)):
        return Rejected(Reason.NOT_MONOTONE, "prices of capacity have to fall", "steps")
    wanted_wh = sum(step.energy_wh for step in bid.steps) or bid.request_wh or 0
    if wanted_wh > agreed.capacity_wh:
        detail = f"{wanted_wh} Wh of a storage of {agreed.capacity_wh} Wh"
        return Rejected(Reason.OUT_OF_RANGE, detail, "steps" if bid.steps else "request_wh")
    return None
