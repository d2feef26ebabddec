"""Bill sharing: the community pays one bill, its members share cost by consumption and income by generation.

Over all slots t of a period, with consumption L and generation G of the members:

    p_import = sum_t retail_t max(0, L_t - G_t) / sum_t L_t
    p_export = sum_t feed_in_t max(0, G_t - L_t) / sum_t G_t
    bill_n   = p_import sum_t L_nt - p_export sum_t G_nt

In a live slot only the net energy of each member is metered: L_n is what it draws, G_n what it delivers.

Source: Long et al. 2017, doi 10.1109/PESGM.2017.8274546. Budget balance: strong. Not individually rational: while the
community imports, who delivers earns nothing. Complexity: O(members x slots).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from broker.clearing.outcome import Rules
from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import Division, SlotGame, divided


class MeteredSlot(NamedTuple):
    """Consumption and generation of the members in a slot, and the outside prices, in any one unit each."""

    consumption: Mapping[str, Fraction]
    generation: Mapping[str, Fraction]
    retail: Fraction
    feed_in: Fraction


class SharedBill(NamedTuple):
    """What a unit consumed costs and a unit generated earns, each member's bill (- income), and their sum."""

    p_import: Fraction
    p_export: Fraction
    bills: dict[str, Fraction]
    community_bill: Fraction


def shared_bill(slots: Sequence[MeteredSlot]) -> SharedBill:
    """The exact bills of a period."""
    cost = income = Fraction(0)
    consumed: dict[str, Fraction] = {}
    generated: dict[str, Fraction] = {}
    for slot in slots:
        _add(consumed, slot.consumption)
        _add(generated, slot.generation)
        net = sum(slot.consumption.values(), Fraction(0)) - sum(slot.generation.values(), Fraction(0))
        cost += slot.retail * max(net, Fraction(0))
        income += slot.feed_in * max(-net, Fraction(0))
    p_import = _per_unit(cost, consumed)
    p_export = _per_unit(income, generated)
    bills = {
        member: p_import * consumed.get(member, Fraction(0)) - p_export * generated.get(member, Fraction(0))
        for member in sorted(consumed | generated)
    }
    return SharedBill(p_import, p_export, bills, cost - income)


def share(needs: Sequence[Need], _rules: Rules) -> Shares:
    """The bills of a slot from the net energy of its members."""
    return divided(needs, _division)


def _division(game: SlotGame) -> Division:
    retail, feed_in = Fraction(game.retail_micro), Fraction(game.feed_in_micro)
    slot = MeteredSlot(
        consumption={meter: Fraction(e) for meter, e in game.energy_wh.items() if e > 0},
        generation={meter: Fraction(-e) for meter, e in game.energy_wh.items() if e < 0},
        retail=retail,
        feed_in=feed_in,
    )
    bills = shared_bill([slot]).bills
    return Division({meter: e * (retail if e > 0 else feed_in) - bills[meter] for meter, e in game.energy_wh.items()})


def _add(totals: dict[str, Fraction], energy: Mapping[str, Fraction]) -> None:
    for member, amount in energy.items():
        totals[member] = totals.get(member, Fraction(0)) + amount


def _per_unit(money: Fraction, energy: Mapping[str, Fraction]) -> Fraction:
    """Money per unit of energy; 0 without energy, because then there is no such money."""
    total = sum(energy.values(), Fraction(0))
    return money / total if total else Fraction(0)
