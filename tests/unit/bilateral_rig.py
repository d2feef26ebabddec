"""The questions about pairs asked and answered in one go, without messages."""

from collections.abc import Mapping, Set
from fractions import Fraction

from broker.clearing.bilateral_rounds import BilateralRounds
from broker.clearing.consensus.pair_rounds import PairRounds
from broker.clearing.iterated_price import Reply
from broker.clearing.preferences import Preference
from broker.clearing.price_rounds import PriceRounds
from hems.bidding.proposals import proposals
from hems.bidding.replies import replies
from wire.messages import PRICES_MAX, QUESTIONS_MAX, OrderStep, PairTerms, Side

Orders = Mapping[str, tuple[OrderStep, ...]]
Silent = Set[tuple[str, int]]


def asked_in_rounds(
    orders: Orders,
    band: tuple[int, int],
    most: int,
    preferences: Mapping[str, Preference] | None = None,
    silent: Silent = frozenset(),
) -> BilateralRounds:
    """At most so many questions to members that answer from their steps; `silent` are (name, question)."""
    rounds = BilateralRounds(PriceRounds(band, Fraction(1, 2), QUESTIONS_MAX, PRICES_MAX), preferences or {})
    for number in range(1, most + 1):
        asked = rounds.next(is_last=number == most)
        if not asked:
            break
        heard = {name: steps for name, steps in orders.items() if (name, number) not in silent}
        if isinstance(asked, tuple):
            rounds.at_prices.ask(asked)
            for name, steps in heard.items():
                rounds.at_prices.hear(name, [Reply(*quantities) for quantities in replies(steps, asked)])
        else:
            propose(asked, heard)
    return rounds


def propose(pairs: PairRounds, orders: Orders) -> None:
    """Lets the members of the pairs say what they would trade."""
    for name, steps in orders.items():
        if name in pairs.members():
            sells, buys = ([PairTerms(*row) for row in rows] for rows in (pairs.sells(name), pairs.buys(name)))
            pairs.hear(
                name, proposals(steps, Side.SELL, sells, pairs.rho), proposals(steps, Side.BUY, buys, pairs.rho)
            )
