"""Offers in the stages beside the auctions of simple orders, as signed messages.

Nothing is kept to be sent again: answers to calls and contracts are made anew at the next turn while they are open,
blocks and proposals are sent once, and one that is lost is a chance missed. The number of an offer is the moment it
is made [s since 2010], and a higher one replaces a lower one.
"""

from dataclasses import dataclass

from hems.bidding.blocks import BlockBid
from hems.bidding.contracts import ProposalBid
from hems.bidding.flexibility import FlexBid, FlexStep
from hems.bidding.offers import Offers
from hems.bidding.standby import StandbyBid
from hems.bidding.storage import StorageOffers
from hems.control.market_auditor import MarketAuditor
from hems.control.market_view import MarketView
from hems.control.meter.frames import Frame, Signer
from wire.messages import (
    Acceptance,
    BlockOrder,
    Contract,
    CurveStep,
    FlexOffer,
    Proposal,
    ReserveOffer,
    ReserveStep,
    Side,
    StorageBid,
    StorageRequest,
)
from wire.slots import format_utc

EPOCH_2010_S = 1_262_304_000


@dataclass(frozen=True, slots=True)
class Offering:
    """The offers of one meter."""

    signer: Signer
    view: MarketView
    auditor: MarketAuditor | None = None

    def frames(self, offers: Offers, now_s: int) -> list[Frame]:
        """The signed offers of one turn."""
        known = self.view.contracts.known
        trades = not self.view.is_paused
        messages = [
            *(self._flex_offer(bid, now_s) for bid in offers.flex if bid.steps),
            *(self._reserve_offer(bid, now_s) for bid in offers.standby if bid.steps),
            *(self._block_order(bid, now_s) for bid in offers.blocks if trades),
            *(self.answer(known[key], now_s, accepts=True) for key in offers.accepted if trades and key in known),
            *(self._proposal(bid, now_s) for bid in offers.proposed if trades),
            *(self._wishes(offers.storage, now_s) if trades else ()),
        ]
        return [self.signer.sealed(message) for message in messages]

    def answer(self, contract: Contract, now_s: int, *, accepts: bool) -> Acceptance:
        """The answer to a contract that another member has proposed."""
        return Acceptance(
            community=self.signer.community,
            meter=self.signer.meter,
            proposer=contract.proposer,
            contract=contract.contract,
            proposal_digest=contract.proposal_digest,
            accepts=accepts,
            sent_at=format_utc(now_s),
        )

    def _proposal(self, bid: ProposalBid, now_s: int) -> Proposal:
        return Proposal(
            community=self.signer.community,
            meter=self.signer.meter,
            contract=bid.contract,
            counterparty=bid.counterparty,
            side=Side(bid.side),
            price_micro_per_kwh=bid.price_micro,
            first_slot=bid.first.label,
            energy_wh=bid.energy_wh,
            expires_at=format_utc(bid.expires_s),
            sent_at=format_utc(now_s),
        )

    def _block_order(self, bid: BlockBid, now_s: int) -> BlockOrder:
        return BlockOrder(
            community=self.signer.community,
            meter=self.signer.meter,
            stage=bid.stage,
            block=bid.name,
            sequence=now_s - EPOCH_2010_S,
            side=Side.BUY,
            price_micro_per_kwh=bid.price_micro,
            first_slot=bid.first.label,
            energy_wh=bid.energy_wh,
            accepted_min_permille=1000,
            parent=None,
            group=bid.group,
            sent_at=format_utc(now_s),
        )

    def _reserve_offer(self, bid: StandbyBid, now_s: int) -> ReserveOffer:
        self.view.flexibility.offered[bid.call] = bid.limits_wh
        return ReserveOffer(
            community=self.signer.community,
            meter=self.signer.meter,
            call=bid.call,
            sequence=now_s - EPOCH_2010_S,
            steps=tuple(
                ReserveStep(
                    energy_wh=step.energy_wh,
                    availability_price_micro_per_kwh=step.price_micro,
                    activation_price_micro_per_kwh=bid.activation_micro,
                )
                for step in self._as_many(bid.steps)
            ),
            sent_at=format_utc(now_s),
        )

    def _wishes(self, offers: StorageOffers, now_s: int) -> list[StorageBid | StorageRequest]:
        """What is asked of the community's storage; the auditor of this meter is told."""
        wishes: list[StorageBid | StorageRequest] = [
            StorageRequest(
                community=self.signer.community,
                meter=self.signer.meter,
                slot=use.slot.label,
                sequence=now_s - EPOCH_2010_S,
                energy_wh=use.energy_wh,
                sent_at=format_utc(now_s),
            )
            for use in offers.uses
        ]
        if (bid := offers.bid) is not None:
            wishes.append(
                StorageBid(
                    community=self.signer.community,
                    meter=self.signer.meter,
                    period=format_utc(bid.period_s),
                    sequence=now_s - EPOCH_2010_S,
                    steps=tuple(CurveStep(price_micro_per_kwh=p, energy_wh=energy_wh) for p, energy_wh in bid.steps),
                    request_wh=bid.request_wh,
                    sent_at=format_utc(now_s),
                )
            )
        if self.auditor is not None:
            for wish in wishes:
                self.auditor.wished(wish)
        return wishes

    def _as_many(self, steps: tuple[FlexStep, ...]) -> tuple[FlexStep, ...]:
        """The steps, no more of them than the market takes."""
        calendar = self.view.calendar
        return steps if calendar is None else fewer_steps(steps, calendar.steps_max)

    def _flex_offer(self, bid: FlexBid, now_s: int) -> FlexOffer:
        self.view.flexibility.offered[bid.call] = bid.baseline_wh
        return FlexOffer(
            community=self.signer.community,
            meter=self.signer.meter,
            call=bid.call,
            sequence=now_s - EPOCH_2010_S,
            steps=tuple(
                CurveStep(price_micro_per_kwh=s.price_micro, energy_wh=s.energy_wh) for s in self._as_many(bid.steps)
            ),
            sent_at=format_utc(now_s),
        )


def fewer_steps(steps: tuple[FlexStep, ...], steps_max: int) -> tuple[FlexStep, ...]:
    """At most `steps_max` steps: the first of too many are merged at the price of the dearest of them."""
    surplus = len(steps) - steps_max
    if surplus <= 0:
        return steps
    merged = steps[: surplus + 1]
    return (FlexStep(merged[-1].price_micro, sum(s.energy_wh for s in merged)), *steps[surplus + 1 :])
