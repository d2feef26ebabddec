"""Bilateral forward contracts: energy per slot over a period, at one agreed price between two members.

A contract counts once both members have signed it, before the gate of its first slot. It then gives each of them a
position in every slot, which later stages start from and which is settled like an award between the two: the buyer
pays `energy * price` to the seller, whatever is metered. What is delivered short or used more is an imbalance of the
member that caused it. Signatures are verified before they come here.

Budget balance: strong (what the buyer pays the seller gets). Individual rationality: both have signed. Complexity:
O(n).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class ContractState(StrEnum):
    """Where a contract stands; only agreed and delivered ones give positions."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DELIVERED = "delivered"
    DECLINED = "declined"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What happens to a contract: a party signs or declines, its first gate closes, its last slot is delivered."""

    SIGN = "sign"
    DECLINE = "decline"
    GATE = "gate"
    DELIVER = "deliver"


NEXT: Mapping[tuple[ContractState, Event], ContractState] = {
    (ContractState.PROPOSED, Event.SIGN): ContractState.PROPOSED,
    (ContractState.PROPOSED, Event.DECLINE): ContractState.DECLINED,
    (ContractState.PROPOSED, Event.GATE): ContractState.LAPSED,
    (ContractState.AGREED, Event.GATE): ContractState.AGREED,
    (ContractState.AGREED, Event.DELIVER): ContractState.DELIVERED,
}


class Standing(NamedTuple):
    """A member's position in a slot: `energy_wh` (+ bought) for `amount_nano` (+ to pay)."""

    energy_wh: int
    amount_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardContract:
    """A contract: `profile` holds (label of the slot, Wh > 0), `price` is in micro/kWh, `signed` names who signed."""

    id: str
    seller: str
    buyer: str
    price: int
    profile: tuple[tuple[str, int], ...]
    signed: frozenset[str] = frozenset()
    state: ContractState = ContractState.PROPOSED

    @property
    def gives_positions(self) -> bool:
        """True once both have agreed."""
        return self.state in {ContractState.AGREED, ContractState.DELIVERED}

    def standing(self, member: str, energy_wh: int) -> Standing:
        """What a slot with this energy gives one of the two."""
        signed_wh = energy_wh if member == self.buyer else -energy_wh
        return Standing(signed_wh, signed_wh * self.price)

    def other(self, member: str) -> str:
        """The other one of the two."""
        return self.seller if member == self.buyer else self.buyer


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an event changed nothing."""

    reason: str


def contract_problem(contract: ForwardContract) -> str | None:
    """What is wrong with a proposed contract, None when nothing is."""
    slots = [slot for slot, _ in contract.profile]
    if not contract.seller or not contract.buyer or contract.seller == contract.buyer:
        return "a contract needs two different members"
    if not slots or any(wh <= 0 for _, wh in contract.profile):
        return "a contract needs at least one slot and more than 0 Wh in each"
    if len(set(slots)) < len(slots):
        return "a slot stands twice in the contract"
    return None


def after(contract: ForwardContract, event: Event, member: str | None = None) -> ForwardContract | Refused:
    """The contract after an event; `member` is who signs or declines, None for the others."""
    if event in {Event.SIGN, Event.DECLINE} and member not in {contract.seller, contract.buyer}:
        return Refused("only the two members of a contract can sign or decline it")
    following = NEXT.get((contract.state, event))
    if following is None:
        return Refused(f"a contract that is {contract.state} cannot {event}")
    signed = contract.signed | {member} if event is Event.SIGN and member is not None else contract.signed
    if signed >= {contract.seller, contract.buyer} and event is Event.SIGN:
        following = ContractState.AGREED
    return replace(contract, state=following, signed=signed)


def standings(contracts: Iterable[ForwardContract], slot: str) -> dict[str, Standing]:
    """The position of every member with an agreed contract in a slot; energies and amounts sum to zero."""
    totals: dict[str, Standing] = {}
    for contract in contracts:
        for energy_wh in (wh for label, wh in contract.profile if label == slot and contract.gives_positions):
            for member in (contract.buyer, contract.seller):
                had, new = totals.get(member, Standing(0, 0)), contract.standing(member, energy_wh)
                totals[member] = Standing(had.energy_wh + new.energy_wh, had.amount_nano + new.amount_nano)
    return dict(sorted(totals.items()))
