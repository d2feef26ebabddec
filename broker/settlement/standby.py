"""What a member gets for standing by in a slot, and for what it did when it was activated; the operator pays.

    availability = (reserved - shortfall) x availability price,  activation = delivered x activation price,
    penalty = shortfall x penalty

A slot without an activation needs no meter: standing by is paid. Formula and source: `broker.contracts.ancillary`.
"""

from dataclasses import dataclass

from broker.contracts.ancillary import StandbyPay, standby_pay
from broker.ledger.transfer import OUTSIDE, Transfer, account, flow
from wire.messages import ReserveResult, SettlementItem


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingBy:
    """A member's part of an ancillary call in one slot; prices in micro per kWh.

    `called_wh` is 0 without an activation. `baseline_wh` [+ import] is None then, and where nothing is known to make
    one of: an activation is then neither paid nor missed.
    """

    call: str
    meter: str
    reserved_wh: int
    called_wh: int
    availability_micro: int
    activation_micro: int
    penalty_micro: int
    is_increase: bool
    baseline_wh: int | None

    @property
    def promised_wh(self) -> int:
        """By how much the activation moves what the meter shows [Wh, + import]."""
        return self.called_wh if self.is_increase else -self.called_wh

    def pay(self, metered_wh: int | None) -> StandbyPay:
        """What the member gets; `metered_wh` [+ import] is None where no measured value came."""
        called_wh = 0 if self.baseline_wh is None else self.called_wh
        return standby_pay(
            self.reserved_wh,
            called_wh,
            self._delivered_wh(metered_wh),
            self.availability_micro,
            self.activation_micro,
            penalty=self.penalty_micro,
        )

    def transfers(self, metered_wh: int | None) -> list[Transfer]:
        """One line for each of standing by, activation and penalty that is not 0."""
        done = self.pay(metered_wh)
        lines = (("standing by", -done.availability), ("activation", -done.activation), ("penalty", done.penalty))
        own = account(self.meter)
        return [
            flow(SettlementItem.ANCILLARY, own, OUTSIDE, energy_wh=0, nano=nano, price=None, label=label)
            for label, nano in lines
            if nano
        ]

    def result(self, community: str, slot: str, metered_wh: int | None) -> ReserveResult:
        """The member's result as it is told."""
        done = self.pay(metered_wh)
        return ReserveResult(
            community=community,
            meter=self.meter,
            call=self.call,
            slot=slot,
            reserved_wh=self.reserved_wh,
            called_wh=self.called_wh,
            baseline_wh=self.baseline_wh,
            metered_wh=metered_wh,
            paid_wh=0 if self.baseline_wh is None else self.called_wh - done.shortfall,
            availability_nano=done.availability,
            activation_nano=done.activation,
            penalty_nano=done.penalty,
            amount_nano=-done.payment,
        )

    def _delivered_wh(self, metered_wh: int | None) -> int:
        if self.baseline_wh is None or metered_wh is None:
            return 0
        return metered_wh - self.baseline_wh if self.is_increase else self.baseline_wh - metered_wh
