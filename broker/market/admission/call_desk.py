"""Offers of members to the operator's calls."""

from dataclasses import dataclass

from broker.market.admission.answers import Answers
from broker.market.admission.call_intake import admit_offer
from broker.market.agreements.calls import Calls
from broker.market.agreements.held_call import Offer
from broker.market.outcome import Accepted, Rejected
from broker.market.outgoing import Outgoing
from broker.market.terms import Member, Terms


@dataclass(frozen=True, slots=True)
class CallDesk:
    """Keeps the offers of each call."""

    terms: Terms
    calls: Calls
    answers: Answers

    def offer(self, offer: Offer, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes an offer."""
        held = self.calls.held.get(offer.call)
        outcome = admit_offer(offer, named, held=held, member=member, terms=self.terms, at_s=at_s)
        if held is not None and not (isinstance(outcome, Accepted) and outcome.repeated):
            held.messages[member.meter] = held.messages.get(member.meter, 0) + 1
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, offer, named)
        assert held is not None, "an offer counts for a call"
        held.offers[member.meter] = (offer, named)
        return self.answers.receipt(offer, named, at_s, slot=held.call.first_slot)
