"""Proposals of forward contracts and the answers to them."""

from dataclasses import dataclass

from broker.market.admission.answers import Answers
from broker.market.agreements.contracts import Contracts, HeldProposal
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing
from broker.market.trading_switch import TradingSwitch
from wire.messages import Acceptance, Proposal


@dataclass(frozen=True, slots=True)
class ContractDesk:
    """Tells both parties where their contract stands."""

    contracts: Contracts
    answers: Answers
    switch: TradingSwitch

    def proposal(self, proposal: Proposal, named: str, at_s: int) -> list[Outgoing]:
        """Takes a proposal."""
        outcome = self.switch.unless_paused(self.contracts.admit_proposal(proposal, named, at_s))
        if isinstance(outcome, Rejected):
            return [self.answers.refusal(outcome, proposal, named)]
        receipt = self.answers.receipt(proposal, named, at_s, slot=proposal.first_slot)
        if outcome.repeated:
            return [receipt]
        return [receipt, *self._told(self.contracts.propose(proposal, named))]

    def answer(self, answer: Acceptance, named: str, at_s: int) -> list[Outgoing]:
        """Takes an acceptance or a refusal."""
        outcome = self.contracts.admit_answer(answer, named, at_s)
        outcome = self.switch.unless_paused(outcome) if answer.accepts else outcome
        if isinstance(outcome, Rejected):
            return [self.answers.refusal(outcome, answer, named)]
        first_slot = self.contracts.held[answer.proposer, answer.contract].proposal.first_slot
        receipt = self.answers.receipt(answer, named, at_s, slot=first_slot)
        if outcome.repeated:
            return [receipt]
        return [receipt, *self._told(self.contracts.answer(answer, named))]

    def _told(self, held: HeldProposal) -> list[Outgoing]:
        parties = (held.proposal.meter, held.proposal.counterparty)
        return [Outgoing(self.contracts.told(held, meter), meter) for meter in parties]
