"""Which rule settles what was metered beyond the awards, and what a deviation costs on top."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.clearing.outcome import Rules
from broker.ledger.transfer import COMMUNITY, Transfer, account
from broker.mechanisms.catalogue import MECHANISMS
from broker.settlement.slot import Position, SharingRule
from broker.settlement.two_price import TwoPrice
from broker.sharing.shares import Need, Shares, all_outside, ordered
from wire.messages import SettlementItem

TWO_PRICE, OUTSIDE_PRICES = "two_price", "outside_prices"


def imbalance_names() -> tuple[str, ...]:
    """The rules that a community can choose."""
    return (TWO_PRICE, OUTSIDE_PRICES, *(m.name for m in MECHANISMS.values() if m.share is not None))


def imbalance_rule(name: str, two_price: TwoPrice) -> SharingRule:
    """The rule of a name.

    Raises: KeyError when there is none.
    """
    if name == TWO_PRICE:
        return two_price.share
    if name == OUTSIDE_PRICES:
        return _outside_prices
    share = MECHANISMS[name].share
    if share is None:
        raise KeyError(name)
    return share


def _outside_prices(needs: Sequence[Need], _rules: Rules) -> Shares:
    return all_outside(ordered(list(needs)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What a deviation from an award costs beyond a tolerance: `micro` [micro/kWh].

    The tolerance is the larger of `tolerance_wh` and `tolerance_permille` of the awarded energy.
    """

    micro: int = 0
    tolerance_wh: int = 0
    tolerance_permille: int = 0

    def transfers(self, positions: Sequence[Position]) -> list[Transfer]:
        """The penalties of a slot, to the community account.

        Only members with an award deviate from something, and only a measured value shows by how much.
        """
        if not self.micro:
            return []
        found = [(p, self._beyond_wh(p)) for p in sorted(positions, key=lambda p: p.meter)]
        return [
            Transfer(
                item=SettlementItem.PENALTY,
                payer=account(p.meter),
                payee=COMMUNITY,
                energy_wh=beyond_wh,
                amount_nano=beyond_wh * self.micro,
                price_micro=self.micro,
            )
            for p, beyond_wh in found
            if beyond_wh > 0
        ]

    def _beyond_wh(self, p: Position) -> int:
        if p.award_wh == 0 or not p.is_measured:
            return 0
        tolerance = max(self.tolerance_wh, abs(p.award_wh) * self.tolerance_permille // 1000)
        return abs(p.metered_wh - p.award_wh) - tolerance
