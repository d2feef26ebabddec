"""What the rounds left untraded although both sides of a pair would still trade it.

The rounds agree on prices up to a small part of the spread. An offer one micro below a bid is then not told from one
at the same price, and half of it stays untraded: next to no welfare, but energy that its seller keeps and its buyer
draws from the grid. So the pairs go on from what they agreed, always the pair that gains most with its next steps (no
loss is enough), as long as every pair that trades keeps a price that suits both on their last kWh.

Complexity: O(steps x pairs), the pairs as arrays.
"""

from collections.abc import Sequence

import numpy as np

from broker.clearing.consensus.agents import Floats
from broker.clearing.consensus.ladder import Ladder


def add_left_over(
    sellers: Sequence[Ladder],
    buyers: Sequence[Ladder],
    whole: list[list[int]],
    premiums: Sequence[Sequence[int]],
    allowed: Floats,
) -> None:
    """Adds to the trades in `whole` [Wh] what both sides of allowed pairs would still trade; all sellers by buyers.

    A pair is open while its two sides may trade more. Floats only choose the next pair, whole numbers decide.
    """
    sold, bought = [sum(row) for row in whole], [sum(column) for column in zip(*whole, strict=True)]
    is_open = allowed > 0
    offers = np.array([_price(*side, np.inf) for side in zip(sellers, sold, strict=True)])
    bids = np.array([_price(*side, -np.inf) for side in zip(buyers, bought, strict=True)])
    premium = np.array(premiums, dtype=float)
    while True:
        gains = np.where(is_open, bids[None, :] - offers[:, None] + premium, -np.inf)
        i, j = divmod(int(gains.argmax()), len(buyers))
        offer, bid = sellers[i].next_step(sold[i]), buyers[j].next_step(bought[j])
        if gains[i, j] < -1 or offer is None or bid is None:
            return
        others = [buyers[b].worst(bought[b]) + premiums[i][b] for b, energy in enumerate(whole[i]) if energy]
        rivals = [sellers[s].worst(sold[s]) - premiums[s][j] for s, row in enumerate(whole) if row[j]]
        if offer.price > min([bid.price + premiums[i][j], *others]) or bid.price < max(rivals, default=bid.price):
            is_open[i, j] = False
            continue
        step = min(offer.energy, bid.energy)
        whole[i][j] += step
        sold[i] += step
        bought[j] += step
        offers[i], bids[j] = _price(sellers[i], sold[i], np.inf), _price(buyers[j], bought[j], -np.inf)


def _price(ladder: Ladder, done: int, nothing: float) -> float:
    """The limit of what a side would trade after `done` Wh, `nothing` when it has nothing left."""
    step = ladder.next_step(done)
    return nothing if step is None else float(step.price)
