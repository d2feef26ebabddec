"""One slot of the game: stated orders are cleared, and every member's gain is counted at its true values."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from broker.clearing.book import Book, book_side
from broker.clearing.book import Step as BookStep
from broker.clearing.outcome import Outcome, Rules
from broker.mechanisms.catalogue import MECHANISMS
from twin.strategic.behaviours import Behaviour
from twin.strategic.values import Steps, ValuedSlot, worth_nano


@dataclass(slots=True)
class Game:
    """An auction on valued slots; what everybody gains by honesty is kept per slot."""

    mechanism: str
    _honest: dict[str, dict[str, int]] = field(default_factory=dict)

    def honest(self, slot: ValuedSlot) -> dict[str, int]:
        """What every member gains when all are honest [nano]."""
        if slot.label not in self._honest:
            self._honest[slot.label] = self.gains(slot, {})
        return self._honest[slot.label]

    def gains(self, slot: ValuedSlot, liars: Mapping[str, Behaviour]) -> dict[str, int]:
        """What every member gains [nano] when `liars` behave as given and all others are honest."""
        stated = {
            member: liars[member](steps, slot) if member in liars else steps for member, steps in slot.values.items()
        }
        outcome = self._cleared(slot, stated)
        return {member: _gain(member, steps, outcome, slot) for member, steps in slot.values.items()}

    def _cleared(self, slot: ValuedSlot, stated: Mapping[str, Steps]) -> Outcome:
        clear = MECHANISMS[self.mechanism].clear
        assert clear is not None, "a rule without orders has nothing to misstate"
        seed = hashlib.sha256(f"strategic/{slot.label}".encode()).digest()
        book = Book(book_side(_side(stated, "buy")), book_side(_side(stated, "sell")))
        return clear(book, Rules(seed=seed))


def _side(stated: Mapping[str, Steps], side: str) -> Iterable[BookStep]:
    return [
        BookStep(member, step.price_micro, step.energy_wh)
        for member in sorted(stated)
        for step in stated[member]
        if step.side == side
    ]


def _gain(member: str, steps: Steps, outcome: Outcome, slot: ValuedSlot) -> int:
    net_wh = outcome.bought.get(member, 0) - outcome.sold.get(member, 0)
    paid = outcome.payment_of(member) - outcome.receipt_of(member)
    return worth_nano(steps, net_wh, slot) - paid
