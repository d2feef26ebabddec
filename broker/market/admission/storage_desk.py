"""Bids for shares of the storage, and requests to it."""

from dataclasses import dataclass

from broker.market.admission.answers import Answers
from broker.market.admission.storage_intake import admit_bid, admit_request
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.outgoing import Outgoing
from broker.market.storage.shared_storage import SharedStorage
from broker.market.storage.state import Asked, Wish
from broker.market.terms import Member, Terms
from broker.market.trading_switch import TradingSwitch
from wire.messages import StorageBid, StorageRequest
from wire.slots import parse_utc


@dataclass(frozen=True, slots=True)
class StorageDesk:
    """Keeps what members ask of the storage, by period and by slot."""

    terms: Terms
    storage: SharedStorage
    answers: Answers
    switch: TradingSwitch

    def bid(self, bid: StorageBid, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes a bid for a share."""
        period_s, bids = parse_utc(bid.period), self.storage.state.bids
        asked, schedule = bids.get(period_s, Asked()), self.storage.schedule
        admission = admit_bid(bid, named, asked=asked, schedule=schedule, member=member, terms=self.terms, at_s=at_s)
        outcome = self.switch.unless_paused(admission)
        self._keep(bid, named, outcome, bids, period_s)
        return self._answer(bid, named, outcome, at_s)

    def request(self, request: StorageRequest, named: str, member: Member, at_s: int) -> Outgoing:
        """Takes a request to charge or discharge."""
        slot_s, requests = parse_utc(request.slot), self.storage.state.requests
        asked, schedule = requests.get(slot_s, Asked()), self.storage.schedule
        admission = admit_request(
            request, named, asked=asked, schedule=schedule, member=member, terms=self.terms, at_s=at_s
        )
        outcome = self.switch.unless_paused(admission)
        self._keep(request, named, outcome, requests, slot_s)
        return self._answer(request, named, outcome, at_s)

    def _keep(self, wish: Wish, named: str, outcome: Admission, known: dict[int, Asked], start_s: int) -> None:
        """Counts a message, and lets one that was accepted count; nothing is kept of what was never open."""
        if isinstance(outcome, Accepted) and not outcome.repeated:
            known.setdefault(start_s, Asked()).take(wish.meter, wish, named)
        if start_s in known and not (isinstance(outcome, Accepted) and outcome.repeated):
            known[start_s].count(wish.meter)

    def _answer(self, wish: Wish, named: str, outcome: Admission, at_s: int) -> Outgoing:
        if isinstance(outcome, Rejected):
            return self.answers.refusal(outcome, wish, named)
        label = wish.period if isinstance(wish, StorageBid) else wish.slot
        return self.answers.receipt(wish, named, at_s, slot=label)
