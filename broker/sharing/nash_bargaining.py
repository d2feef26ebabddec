"""Nash bargaining: the agreement that maximises the product of what the parties gain over no agreement.

    maximise prod_i (u_i - d_i)^w_i   over the feasible u >= d,   sum of w_i = 1

* Frontier a . u <= b:       u_i = d_i + w_i (b - a . d) / a_i
* A bill to be shared:       cost_i = alone_i - w_i (sum of alone - joint)
* Two parties, one price:    surplus = retail - feed_in - fee per kWh; seller_price = feed_in + w_seller surplus,
                             buyer_price = seller_price + fee; no trade when the fee is above the spread

In a live slot every member with energy is one party, however much it brings: they share v(all) equally.

Source: Nash 1950, doi 10.2307/1907266; weights: Kalai 1977, doi 10.1007/BF01774658. Budget balance: strong.
Individually rational. Not in the core in general. Complexity: O(n).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from broker.clearing.outcome import Rules
from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import Division, SlotGame, divided


class Deal(NamedTuple):
    """The prices that the seller gets and the buyer pays, with the fee between them."""

    seller_price: Fraction
    buyer_price: Fraction


def bilateral_deal(retail: Fraction, feed_in: Fraction, fee: Fraction, seller_weight: Fraction) -> Deal | None:
    """The bargained prices per kWh, None when the fee is above the spread: both are better off outside."""
    surplus = retail - feed_in - fee
    if surplus < 0:
        return None
    seller_price = feed_in + seller_weight * surplus
    return Deal(seller_price, seller_price + fee)


def on_frontier(
    slopes: Sequence[Fraction], limit: Fraction, disagreement: Sequence[Fraction], weights: Sequence[Fraction]
) -> list[Fraction] | None:
    """The utilities on slopes . u <= limit (slopes > 0, weights >= 0 with a positive sum); None when d is outside."""
    left = limit - sum((a * d for a, d in zip(slopes, disagreement, strict=True)), Fraction(0))
    if left < 0:
        return None
    total = sum(weights, Fraction(0))
    return [d + w / total * left / a for a, d, w in zip(slopes, disagreement, weights, strict=True)]


def shared_cost(
    alone: Mapping[str, Fraction], joint: Fraction, weights: Mapping[str, Fraction]
) -> dict[str, Fraction] | None:
    """Each party's part of a joint cost; None when it is above what they pay apart: nobody can be made better off."""
    saving = sum(alone.values(), Fraction(0)) - joint
    if saving < 0:
        return None
    total = sum(weights.values(), Fraction(0))
    return {party: cost - weights[party] / total * saving for party, cost in alone.items()}


def share(needs: Sequence[Need], _rules: Rules) -> Shares:
    """The bills when the members with energy share the saving of the slot equally."""
    return divided(needs, _division)


def _division(game: SlotGame) -> Division:
    part = Fraction(game.spread_micro * game.matched_wh, len(game.energy_wh))
    return Division(dict.fromkeys(game.energy_wh, part))
