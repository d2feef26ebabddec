"""Forward contracts of one home: answers those that beat its expectations, proposes those its owner wishes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hems.bidding.contracts import ProposalBid, is_worth_it, own_price_micro
from hems.bidding.wording import contract_words, proposal_words
from hems.control.contract_view import signed_wh
from hems.control.contract_worth import ContractWorth
from hems.control.market_view import MarketView
from hems.control.present import Present
from hems.planning.home_problem import local_hours
from hems.planning.outlook import Outlook
from hems.planning.planner import Planner
from hems.site.home import Home
from wire.messages import Contract, Stage, StageKind
from wire.slots import parse_utc

PROPOSED_KEPT = 500
LOOKED_AT_MAX = 8  # proposals in one turn: each is a plan, and other members decide how many there are


@dataclass(frozen=True, slots=True, kw_only=True)
class WishedContract:
    """What the owner lets the home propose: a share of what it plans to draw or give between two local hours."""

    counterparty: str
    side: Literal["buy", "sell"]
    from_hour: float
    to_hour: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractBids:
    """Contracts to accept by (proposer, name), those to propose, and (what about, code, why) of what is new."""

    accepted: tuple[tuple[str, str], ...] = ()
    proposed: tuple[ProposalBid, ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()


@dataclass(slots=True)
class ContractTrader:
    """Decides on contracts; `margin_micro` is what each kWh of one has to gain [micro/kWh]."""

    margin_micro: int
    planner: Planner
    wishes: tuple[WishedContract, ...] = ()
    _proposed: dict[str, None] = field(default_factory=dict)
    _said: dict[tuple[str, str], str] = field(default_factory=dict)
    _looked_s: dict[tuple[str, str], int] = field(default_factory=dict)

    def bids(self, now_s: int, home: Home, present: Present, outlook: Outlook, view: MarketView) -> ContractBids:
        """What to accept and to propose at a turn; nothing without a bilateral stage, or while a call is kept."""
        stage = bilateral(view)
        waiting = view.contracts.to_answer()
        due = self._due(now_s, home, present, outlook, view)
        if stage is None or view.promises(present.slot) or not (waiting or due):
            return ContractBids()
        worth = ContractWorth.of(self.planner, present, view)
        if worth is None:
            return ContractBids()
        accepted, words = self._answers(now_s, waiting, worth, stage)
        proposed = [bid for wish, at in due if (bid := self._proposal(wish, at, present, worth, stage)) is not None]
        words += [(f"contract-{b.contract}", "contract_proposed", proposal_words(b)) for b in proposed]
        return ContractBids(accepted=tuple(accepted), proposed=tuple(proposed), words=tuple(words))

    def _answers(
        self, now_s: int, waiting: Sequence[Contract], worth: ContractWorth, stage: Stage
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
        accepted, words = list[tuple[str, str]](), list[tuple[str, str, str]]()
        for contract in self._looked_at(now_s, waiting, stage):
            key, energy = key_of(contract), signed_wh(contract)
            gain = worth.gain(parse_utc(contract.first_slot), energy)
            if gain is None:
                why = "its slots are beyond this home's plan or its connection"
            elif is_worth_it(gain, contract.price_micro_per_kwh, energy, self.margin_micro):
                why = ""
                accepted.append(key)
                worth.hold(parse_utc(contract.first_slot), energy)
            else:
                why = "it does not beat the expected prices by your margin"
            said = contract_words(contract, gain, why)
            if self._said.get(key) != why:
                self._said[key] = why
                words.append((f"contract-{contract.contract}", "contract_none" if why else "contract_accepted", said))
        return accepted, words

    def _looked_at(self, now_s: int, waiting: Sequence[Contract], stage: Stage) -> list[Contract]:
        """The proposals to look at in this turn, those first that were not for the longest time."""
        lead_s = stage.gate_lead_s or 0
        still = [contract for contract in waiting if parse_utc(contract.first_slot) - lead_s > now_s]
        chosen = sorted(still, key=lambda c: self._looked_s.get(key_of(c), 0))[:LOOKED_AT_MAX]
        standing = {key_of(contract) for contract in still}
        self._looked_s = {key: at_s for key, at_s in self._looked_s.items() if key in standing}
        self._said = {key: why for key, why in self._said.items() if key in standing}
        self._looked_s |= {key_of(contract): now_s for contract in chosen}
        return chosen

    def _due(
        self, now_s: int, home: Home, present: Present, outlook: Outlook, view: MarketView
    ) -> list[tuple[WishedContract, range]]:
        """The wishes whose next hours lie whole in the plan, a slot before their gate, and were not proposed yet."""
        stage, hours = bilateral(view), local_hours(home, outlook)
        if stage is None:
            return []
        told = {name for proposer, name in view.contracts.known if proposer == home.meter} | set(self._proposed)
        due = []
        for wish in self.wishes:
            for at in stretches(((hours >= wish.from_hour) & (hours < wish.to_hour)).tolist()):
                gate_s = present.slot.shifted(at.start).start_s - (stage.gate_lead_s or 0)
                is_open = now_s < gate_s - present.slot.duration_s and at.stop <= (stage.horizon_slots or 0)
                if is_open and name_of(wish, present, at.start) not in told:
                    due.append((wish, at))
        return due

    def _proposal(
        self, wish: WishedContract, at: range, present: Present, worth: ContractWorth, stage: Stage
    ) -> ProposalBid | None:
        """The contract over some slots of the plan at the home's own price; None where there is nothing to trade."""
        sign = 1 if wish.side == "buy" else -1
        wanted = np.maximum(sign * worth.open_kw[at.start : at.stop], 0.0) * wish.share * present.slot_h * 1000.0
        energy = tuple(np.floor(wanted).astype(int).tolist())
        first = present.slot.shifted(at.start)
        signed = tuple(sign * energy_wh for energy_wh in energy)
        gain = worth.gain(first.start_s, signed) if any(energy) else None
        if gain is None:
            return None
        worth.hold(first.start_s, signed)  # as if it were agreed: the next one comes on top
        name = name_of(wish, present, at.start)
        self._proposed[name] = None
        while len(self._proposed) > PROPOSED_KEPT:
            del self._proposed[next(iter(self._proposed))]
        return ProposalBid(
            contract=name,
            counterparty=wish.counterparty,
            side=wish.side,
            price_micro=own_price_micro(gain, signed, self.margin_micro),
            first=first,
            energy_wh=energy,
            expires_s=first.start_s - (stage.gate_lead_s or 0),
        )


def key_of(contract: Contract) -> tuple[str, str]:
    """Who proposed a contract, and its name."""
    return contract.proposer, contract.contract


def name_of(wish: WishedContract, present: Present, first: int) -> str:
    """The name of a proposed contract: the same for the same wish and hours, also after a restart."""
    return f"{wish.side}-{wish.counterparty[:40]}-{present.slot.shifted(first).start_s}"


def stretches(inside: Sequence[bool]) -> list[range]:
    """The stretches of slots that are inside and have both of their ends in the plan."""
    ends = [k for k in range(1, len(inside)) if inside[k] != inside[k - 1]]
    firsts = [k for k in ends if inside[k]]
    return [range(first, end) for first in firsts if (end := next((k for k in ends if k > first), None)) is not None]


def bilateral(view: MarketView) -> Stage | None:
    """The calendar's stage for contracts."""
    stages = () if view.calendar is None else view.calendar.stages
    return next((stage for stage in stages if stage.kind is StageKind.BILATERAL), None)
