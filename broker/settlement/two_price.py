"""Two-price balancing: who is short pays one price, who is long is paid another, and nothing is netted for them.

    short: retail + short_adder, long: feed-in - long_deduction   [micro/kWh]

The community meets the outside with the net of its members only, so what lies between the two prices stays with the
community account. Both settings at 0 and no netting gain are the outside prices themselves.

Source: dual pricing, van der Veen & Hakvoort 2016, doi:10.1016/j.jup.2016.10.008. Budget balance: weak (the
community never pays: both settings are at least 0). Where feed-in is above retail all meet outside prices themselves.
Complexity: O(n).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.clearing.outcome import Rules
from broker.sharing.shares import Need, Share, Shares, all_outside, at_price, has_inside_market, ordered


@dataclass(frozen=True, slots=True)
class TwoPrice:
    """The rule with its two settings [micro/kWh, not negative]."""

    short_adder_micro: int = 0
    long_deduction_micro: int = 0

    def share(self, needs: Sequence[Need], _rules: Rules) -> Shares:
        """One line per member that deviates."""
        members = [n for n in ordered(list(needs)) if n.energy_wh]
        if members and not has_inside_market(members):
            return all_outside(members, "feed-in pays more than retail costs")
        return Shares(lines=tuple(self._line(n) for n in members))

    def _line(self, need: Need) -> Share:
        is_short = need.energy_wh > 0
        price = (
            need.retail_micro + self.short_adder_micro if is_short else need.feed_in_micro - self.long_deduction_micro
        )
        return at_price(need.meter, need.energy_wh, price)
