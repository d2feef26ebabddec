"""The questions of a session whose orders stay sealed, before the first one."""

from broker.clearing.bilateral_rounds import BilateralRounds
from broker.clearing.outcome import Rules
from broker.clearing.price_rounds import PriceRounds
from broker.market.sessions.auction import stage_of
from broker.market.sessions.iteration import Iteration
from broker.market.sessions.publication import session_name
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asking
from wire.messages import PRICES_MAX, QUESTIONS_MAX


def asking(book: SlotBook, terms: Terms, rules: Rules) -> Iteration | None:
    """The questions to the members with a sealed order; None for a slot without a market.

    The band that holds all limits is that of the outside prices.
    """
    if book.prices is None or not book.prices.has_market:
        return None
    band = book.prices.feed_in_micro, book.prices.retail_micro
    rounds = PriceRounds(band, rules.k, QUESTIONS_MAX, PRICES_MAX)
    is_about_pairs = MECHANISMS[stage_of(book, terms).mechanism].asking is Asking.PAIRS
    return Iteration(
        of=session_name(book, terms.community),
        names={order.meter: order.entry.pseudonym for order in book.session.listed},
        ends_s=terms.clearing_s(book.session.gate),
        rounds=rounds,
        bilateral=BilateralRounds(rounds, rules.preferences) if is_about_pairs else None,
    )
