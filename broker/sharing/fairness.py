"""How evenly and how justly a period's money is divided: Gini coefficient and distance to the Shapley value.

Source: Gini 1912 (formula by ranks: Sen 1973, doi 10.1093/0198281935.001.0001); Shapley 1953 for the reference bills.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from broker.clearing.outcome import Rules
from broker.sharing import shapley
from broker.sharing.shares import Need


def gini(values: Iterable[int]) -> Fraction | None:
    """The Gini coefficient: 0 when all have the same, (n - 1) / n when one has everything.

        G = sum_i sum_j |x_i - x_j| / (2 n sum_i x_i) = sum_i (2 i - n - 1) x_(i) / (n sum_i x_i)

    with x_(i) rising. None where it means nothing: a negative value, or nothing to divide. Give it what each member
    saves or pays, not bills with incomes among them. Complexity: O(n log n).
    """
    ranked = sorted(values)
    total, n = sum(ranked), len(ranked)
    if not total or ranked[0] < 0:
        return None
    return Fraction(sum((2 * i - n - 1) * x for i, x in enumerate(ranked, 1)), n * total)


def shapley_bills(slots: Iterable[tuple[Sequence[Need], Rules]]) -> dict[str, int]:
    """What each member pays over some slots [nano] when each slot's saving is divided by the Shapley value.

    The value is additive, so this is the Shapley value of the game of the whole period.
    """
    bills: dict[str, int] = {}
    for needs, rules in slots:
        for need in needs:
            bills.setdefault(need.meter, 0)
        for line in shapley.share(needs, rules).lines:
            bills[line.meter] += line.amount_nano
    return dict(sorted(bills.items()))


def shapley_distance(
    bills: Mapping[str, int], reference: Mapping[str, int], alone: Mapping[str, int]
) -> Fraction | None:
    """The part of the saving that would have to change hands to reach the Shapley bills.

        D = sum_i |bill_i - shapley_i| / (2 sum_i (alone_i - shapley_i))

    0 when the bills are the Shapley bills; 1 when, of equal sums, all of the saving is with the wrong members.
    Above 1 when members pay more than alone. None when there is no saving to divide. All three name the same
    members, in nano.
    """
    saving = sum(alone[member] - fair for member, fair in reference.items())
    if saving <= 0:
        return None
    apart = sum(abs(bill - reference[member]) for member, bill in bills.items())
    return Fraction(apart, 2 * saving)
