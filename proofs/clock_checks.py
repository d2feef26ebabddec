"""What has to hold of a member whose clock was off, judged from the journal on days without other trouble.

A gate tells a clock that is behind, the second one a clock that is ahead; one more is left for what was under way.
"""

from collections.abc import Iterable

from broker.market.events import Received, decode_event
from hems.control.market_clock import LIMIT_S
from proofs.community import ProofCommunity
from proofs.drawn_day import CALM, WrongClock
from wire import messages as m
from wire.codec import decode
from wire.signing import split
from wire.slots import parse_utc

GATES = 3  # until everybody knows of its clock


def clock_violations(community: ProofCommunity) -> Iterable[str]:
    """A wrong clock is noticed, its member neither trades nor reports by it, and it is back when it was set right."""
    if community.day.trouble != CALM:
        return  # gates that come hours late make any clock doubtful
    for wrong in community.day.wrong_clocks:
        member = community.members[wrong.meter]
        if not member.noticed:
            yield f"clock: {wrong.meter} did not notice that its clock was off by {wrong.off_s} s"
        if not member.may_act:
            yield f"clock: {wrong.meter} has not noticed that its clock was set right"
        yield from _sent(community, wrong)


def _sent(community: ProofCommunity, wrong: WrongClock) -> Iterable[str]:
    gates_s = [slot.start_s - community.day.terms.gate_lead_s for slot in community.day.slots]
    known_s = [gate_s for gate_s in gates_s if gate_s >= wrong.from_s][GATES - 1]
    reported = set[str]()
    for record in community.journal.records():
        event = decode_event(record)
        message = _own(event, wrong.meter) if isinstance(event, Received) else None
        if message is None:
            continue
        if isinstance(message, m.MeterReport):
            reported.add(message.slot)
        elif event.at_s > known_s and abs(parse_utc(message.sent_at) - event.at_s) > LIMIT_S:
            yield f"clock: {wrong.meter} traded at {message.sent_at} by its clock, at {event.at_s} s by the market's"
        if known_s < event.at_s < wrong.until_s:
            yield f"clock: a {message.kind} of {wrong.meter} for {message.slot} came while it knew of its clock"
    last = community.day.slots[-1].label
    if last not in reported:
        yield f"clock: {wrong.meter} did not report {last}, long after its clock was set right"


def _own(event: Received, meter: str) -> m.Order | m.SealedOrder | m.MeterReport | None:
    """The order or the report of a meter in an event of the journal."""
    if event.meter != meter:
        return None
    payload = split(event.frame.encode("latin-1"))[1]
    match event.kind:
        case m.Order.kind:
            return decode(m.Order, payload)
        case m.SealedOrder.kind:
            return decode(m.SealedOrder, payload)
        case m.MeterReport.kind:
            return decode(m.MeterReport, payload)
        case _:
            return None
