"""What members were called for in a slot, and what they get for what was metered: paid by the outside account.

The baseline is fixed when the slot is settled first; a later reading changes what was delivered against it. Only a
measured value shows that something was delivered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from broker.contracts.flexibility import Performance, verify
from broker.ledger.transfer import OUTSIDE, Transfer, account, flow
from broker.settlement.slot import Position
from wire.messages import FlexResult, ReserveResult, SettlementItem


class Promise(Protocol):
    """What a member was called for in a slot."""

    @property
    def meter(self) -> str:
        """Who was called."""

    @property
    def promised_wh(self) -> int:
        """By how much the call moves what the meter shows [Wh, + import]."""

    def transfers(self, metered_wh: int | None) -> list[Transfer]:
        """What the member pays or gets; `metered_wh` is None where no measured value came."""

    def result(self, community: str, slot: str, metered_wh: int | None) -> FlexResult | ReserveResult:
        """The member's result as it is told."""


NOTHING_KNOWN = Performance(delivered=0, paid=0, shortfall=0, earned=0, penalty=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A member's part of a flexibility call in one slot: `awarded_wh` less use, or more, than `baseline_wh`.

    Prices in micro per kWh. `baseline_wh` [+ import] is None where nothing is known to make one of: nothing is paid.
    """

    call: str
    meter: str
    awarded_wh: int
    price_micro: int
    penalty_micro: int
    is_increase: bool
    baseline_wh: int | None

    @property
    def promised_wh(self) -> int:
        """By how much the call moves what the meter shows [Wh, + import]."""
        return self.awarded_wh if self.is_increase else -self.awarded_wh

    def performance(self, metered_wh: int | None) -> Performance:
        """What was done and is paid; `metered_wh` [+ import] is None where no measured value came."""
        if self.baseline_wh is None:
            return NOTHING_KNOWN
        seen_wh = self.baseline_wh if metered_wh is None else metered_wh
        return verify(
            self.awarded_wh,
            self.price_micro,
            self.penalty_micro,
            self.baseline_wh,
            seen_wh,
            is_increase=self.is_increase,
        )

    def transfers(self, metered_wh: int | None) -> list[Transfer]:
        """What the member pays or gets."""
        nano = -self.performance(metered_wh).payment
        if not nano:
            return []
        own = account(self.meter)
        return [flow(SettlementItem.FLEXIBILITY, own, OUTSIDE, energy_wh=0, nano=nano, price=None)]

    def result(self, community: str, slot: str, metered_wh: int | None) -> FlexResult:
        """The member's result as it is told."""
        done = self.performance(metered_wh)
        return FlexResult(
            community=community,
            meter=self.meter,
            call=self.call,
            slot=slot,
            awarded_wh=self.awarded_wh,
            baseline_wh=self.baseline_wh,
            metered_wh=metered_wh,
            paid_wh=done.paid,
            amount_nano=-done.payment,
        )


def measured_wh(positions: Iterable[Position]) -> dict[str, int]:
    """The measured net energies of a slot [Wh, + import]; estimates are left out."""
    return {p.meter: p.metered_wh for p in positions if p.is_measured}


def called_transfers(called: Sequence[Promise], positions: Sequence[Position]) -> list[Transfer]:
    """The payments for calls in a slot whose members had these positions."""
    metered = measured_wh(positions)
    return [transfer for part in called for transfer in part.transfers(metered.get(part.meter))]
