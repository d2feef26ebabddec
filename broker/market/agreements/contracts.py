"""Forward contracts between two members: proposed and accepted under their signatures, settled at their price.

A contract adds to the positions of both in every slot of its profile, however far away that is. The broker only
checks that both can carry it; the price is the two members' own business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from broker.contracts.forward import ContractState, Event, ForwardContract, Refused, after, contract_problem
from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.limits import over_nameplate, slot_of
from broker.market.sessions.slot_book import Holding, SlotBook
from broker.market.terms import Member, Terms
from wire.messages import Acceptance, Contract, Proposal, Side, SlotState, Stage, StageKind
from wire.reasons import Reason
from wire.slots import Slot, format_utc, parse_utc, slot_at

OPEN_MAX = 50  # proposals of one meter that nobody has answered yet
SAID: Mapping[ContractState, Literal["proposed", "agreed", "refused"]] = {
    ContractState.PROPOSED: "proposed",
    ContractState.AGREED: "agreed",
    ContractState.DECLINED: "refused",
}


@dataclass(slots=True)
class HeldProposal:
    """A proposal with the digest of its payload, the contract it makes, and the digest of the answer ("": none)."""

    proposal: Proposal
    digest: str
    contract: ForwardContract
    answer: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.contract.state is ContractState.PROPOSED


def contract_of(proposal: Proposal, slot_minutes: int) -> ForwardContract:
    """The contract of a proposal, signed by the one who proposes; its slots are named by their labels."""
    buys = proposal.side is Side.BUY
    first = Slot(parse_utc(proposal.first_slot), slot_minutes)
    return ForwardContract(
        id=f"{proposal.meter}/{proposal.contract}",
        buyer=proposal.meter if buys else proposal.counterparty,
        seller=proposal.counterparty if buys else proposal.meter,
        price=proposal.price_micro_per_kwh,
        profile=tuple((first.shifted(i).label, wh) for i, wh in enumerate(proposal.energy_wh) if wh),
        signed=frozenset({proposal.meter}),
    )


@dataclass(slots=True)
class Contracts:
    """The contracts of a community, and the holdings they give in slots that are not open yet."""

    terms: Terms
    members: Mapping[str, Member]
    books: Mapping[int, SlotBook]
    held: dict[tuple[str, str], HeldProposal] = field(default_factory=dict)
    forward: dict[int, list[tuple[str, Holding]]] = field(default_factory=dict)

    def admit_proposal(self, proposal: Proposal, digest: str, at_s: int) -> Admission:
        """Whether a proposal counts."""
        known = self.held.get((proposal.meter, proposal.contract))
        if known is not None and known.digest == digest:
            return Accepted(repeated=True)
        if known is not None:
            return Rejected(Reason.CONFLICTING_SEQUENCE, f"contract {proposal.contract} exists", "contract")
        other = self.members.get(proposal.counterparty)
        if other is None or other.suspended or proposal.counterparty == proposal.meter:
            return Rejected(Reason.UNKNOWN_METER, f"{proposal.counterparty} is no other member", "counterparty")
        pending = sum(p.is_open and p.proposal.meter == proposal.meter for p in self.held.values())
        if pending >= OPEN_MAX:
            return Rejected(Reason.QUOTA_EXCEEDED, f"{pending} proposals are unanswered")
        first = slot_of(proposal.first_slot, self.terms)
        if isinstance(first, Rejected):
            return Rejected(first.code, first.detail, "first_slot")
        contract = contract_of(proposal, self.terms.slot_minutes)
        if (problem := contract_problem(contract)) is not None:
            return Rejected(Reason.OUT_OF_RANGE, problem, "energy_wh")
        return self._cannot_be_made(contract, first, at_s) or Accepted()

    def propose(self, proposal: Proposal, digest: str) -> HeldProposal:
        """Keeps an admitted proposal."""
        contract = contract_of(proposal, self.terms.slot_minutes)
        held = self.held[proposal.meter, proposal.contract] = HeldProposal(proposal, digest, contract)
        return held

    def admit_answer(self, answer: Acceptance, digest: str, at_s: int) -> Admission:
        """Whether an acceptance or a refusal counts."""
        held = self.held.get((answer.proposer, answer.contract))
        if held is None or held.proposal.counterparty != answer.meter or held.digest != answer.proposal_digest:
            return Rejected(Reason.UNKNOWN_CONTRACT, f"{answer.proposer}/{answer.contract}", "contract")
        if held.answer == digest:
            return Accepted(repeated=True)
        following = _answered(held.contract, answer)
        if isinstance(following, Refused):
            return Rejected(Reason.CONFLICTING_SEQUENCE, following.reason, "contract")
        if not answer.accepts:
            return Accepted()
        if at_s >= parse_utc(held.proposal.expires_at):
            return Rejected(Reason.GATE_CLOSED, f"the proposal expired at {held.proposal.expires_at}", "contract")
        first = Slot(parse_utc(held.proposal.first_slot), self.terms.slot_minutes)
        return self._cannot_be_made(held.contract, first, at_s) or Accepted()

    def answer(self, answer: Acceptance, digest: str) -> HeldProposal:
        """Applies an admitted answer: an agreed contract adds to the positions of both."""
        held = self.held[answer.proposer, answer.contract]
        held.answer = digest
        following = _answered(held.contract, answer)
        assert isinstance(following, ForwardContract), "the answer was admitted"
        held.contract = following
        if following.gives_positions:
            for label, energy_wh in following.profile:
                self._hold(following, parse_utc(label), energy_wh)
        return held

    def told(self, held: HeldProposal, meter: str) -> Contract:
        """The state of a contract for one of its parties."""
        p = held.proposal
        slots = [Slot(parse_utc(p.first_slot), self.terms.slot_minutes).shifted(i) for i in range(len(p.energy_wh))]
        return Contract(
            community=self.terms.community,
            meter=meter,
            contract=p.contract,
            proposer=p.meter,
            counterparty=p.counterparty,
            side=p.side,
            price_micro_per_kwh=p.price_micro_per_kwh,
            first_slot=p.first_slot,
            energy_wh=p.energy_wh,
            position_wh=tuple(self.position_wh(slot.start_s, meter) for slot in slots),
            state=SAID[held.contract.state],
            proposal_digest=held.digest,
        )

    def position_wh(self, slot_s: int, meter: str) -> int:
        """What a member holds in a slot, open or still to come [Wh, + bought]."""
        book = self.books.get(slot_s)
        if book is not None:
            return book.position_wh(meter)
        return sum(holding.energy_wh for owner, holding in self.forward.get(slot_s, ()) if owner == meter)

    def opened(self, book: SlotBook) -> None:
        """Moves what was agreed for a slot into its book."""
        for meter, holding in self.forward.pop(book.slot.start_s, ()):
            book.hold(meter, holding)

    def forget_before(self, before_s: int) -> None:
        """Forgets contracts whose last slot is past."""
        for key, held in list(self.held.items()):
            p = held.proposal
            if parse_utc(p.first_slot) + 60 * self.terms.slot_minutes * len(p.energy_wh) <= before_s:
                del self.held[key]

    def _hold(self, contract: ForwardContract, slot_s: int, energy_wh: int) -> None:
        stage = self.terms.stage_of_kind(StageKind.BILATERAL)
        for meter in (contract.buyer, contract.seller):
            standing = contract.standing(meter, energy_wh)
            holding = Holding(
                stage=stage.stage if stage is not None else StageKind.BILATERAL.value,
                energy_wh=standing.energy_wh,
                amount_nano=standing.amount_nano,
                price_micro=contract.price,
                counterparty=contract.other(meter),
                pool=f"contract/{contract.id}",
            )
            book = self.books.get(slot_s)
            if book is not None:
                book.hold(meter, holding)
            else:
                self.forward.setdefault(slot_s, []).append((meter, holding))

    def _cannot_be_made(self, contract: ForwardContract, first: Slot, at_s: int) -> Rejected | None:
        """Why nobody can sign a contract any more, or carry it: in which slot of its profile."""
        stage = self.terms.stage_of_kind(StageKind.BILATERAL)
        if stage is None:
            return Rejected(Reason.WRONG_STAGE, "the calendar has no bilateral stage")
        for label, energy_wh in contract.profile:
            slot = Slot(parse_utc(label), self.terms.slot_minutes)
            field = f"energy_wh.{(slot.start_s - first.start_s) // slot.duration_s}"
            if (late := self._out_of_time(slot, stage, at_s)) is not None:
                return Rejected(late.code, late.detail, field)
            for meter, sign in ((contract.buyer, 1), (contract.seller, -1)):
                over = self._over_nameplate(meter, sign, energy_wh, slot)
                if over is not None:
                    return Rejected(over.code, f"{meter}, {slot.label}: {over.detail}", field)
        return None

    def _out_of_time(self, slot: Slot, stage: Stage, at_s: int) -> Rejected | None:
        assert stage.gate_lead_s is not None and stage.horizon_slots is not None, "checked when it was read"
        gate_s = slot.start_s - stage.gate_lead_s
        book = self.books.get(slot.start_s)
        if at_s >= gate_s or (book is not None and book.state in (SlotState.VOID, SlotState.SETTLED)):
            return Rejected(Reason.GATE_CLOSED, f"contracts for {slot.label} were closed at {format_utc(gate_s)}")
        if slot > slot_at(at_s, self.terms.slot_minutes).shifted(stage.horizon_slots):
            return Rejected(Reason.TOO_EARLY, f"{slot.label} is beyond the horizon of contracts")
        return None

    def _over_nameplate(self, meter: str, sign: int, energy_wh: int, slot: Slot) -> Rejected | None:
        """Position and order in the open session together with the contract, in its direction."""
        member, book = self.members[meter], self.books.get(slot.start_s)
        side = Side.BUY if sign > 0 else Side.SELL
        ordered_wh = 0
        if book is not None and book.state is SlotState.GATE_OPEN and meter in book.orders:
            steps = book.orders[meter].order.steps
            ordered_wh = sum(step.energy_wh for step in steps if step.side is side)
        return over_nameplate(
            energy_wh,
            sign * self.position_wh(slot.start_s, meter) + ordered_wh,
            member.nameplate_import_w if sign > 0 else member.nameplate_export_w,
            slot,
        )


def _answered(contract: ForwardContract, answer: Acceptance) -> ForwardContract | Refused:
    return after(contract, Event.SIGN if answer.accepts else Event.DECLINE, answer.meter)
