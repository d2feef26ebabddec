"""Offers of members to the operator's calls."""

from dataclasses import dataclass

from broker.market.answers import Answers
from broker.market.flexibility import Flexibility
from broker.market.outcome import Accepted, Rejected
from broker.market.outgoing import Outgoing
from broker.market.terms import Member
from wire.messages import FlexOffer


@dataclass(frozen=True, slots=True)
class CallDesk:
    """Keeps the offers of each call."""

    flexibility: Flexibility
    answers: Answers

    def offer(self, offer: FlexOffer, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes an offer."""
        outcome = self.flexibility.admit(offer, named, member, at_s)
        held = self.flexibility.calls.get(offer.call)
        if held is not None and not (isinstance(outcome, Accepted) and outcome.repeated):
            held.messages[member.meter] = held.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, offer, named)
        assert held is not None, "an offer counts for a call"
        held.offers[member.meter] = (offer, named)
        return self.answers.receipt(offer, named, at_s, slot=held.call.first_slot)
