"""Who gets how much of a shared storage: by auction or by reputation. Capacity in whole Wh.

Auction: members bid prices per kWh of capacity for a period, the owner offers all of it at a reserve price; the
uniform-price auction gives the shares and one price. Welfare is maximal for the stated bids, what the members pay the
owner gets.

Reputation: members earn a score by what they contribute to the community (energy delivered, donated, flexibility) and
lose a part of it each period, `score = floor(decay * score) + contribution`, so old merit fades. Capacity is shared
pro rata to the scores, nobody above its request; what a request leaves goes to the others, again pro rata. No money
flows.

Source: uniform price as in `broker.clearing.uniform`; sharing of community storage: Zhao et al. 2020, Virtual energy
storage sharing and capacity allocation, IEEE Transactions on Smart Grid 11(2). Complexity: O(n log n); reputation
O(n^2).
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.uniform import clear
from broker.contracts.pro_rata import pro_rata_within


def auctioned(capacity: int, reserve: int, bids: Iterable[Step], owner: str, rules: Rules) -> Outcome:
    """The auction of a capacity [Wh] for a period; `bought` are the shares, prices in micro per kWh of capacity."""
    return clear(Book(book_side(bids), book_side([Step(owner, reserve, capacity)])), rules)


def scores_after(
    scores: Mapping[str, int], contributions: Mapping[str, int], decay: Fraction = Fraction(9, 10)
) -> dict[str, int]:
    """The scores after a period [Wh of faded contribution]; `decay` (0..1) is what stays of the old score."""
    members = sorted({*scores, *contributions})
    return {m: int(decay * scores.get(m, 0)) + contributions.get(m, 0) for m in members}


def by_reputation(capacity: int, scores: Mapping[str, int], requests: Mapping[str, int]) -> dict[str, int]:
    """Shares of a capacity [Wh] pro rata to scores, each at most its request; members without a score get nothing."""
    return pro_rata_within(capacity, scores, requests)
