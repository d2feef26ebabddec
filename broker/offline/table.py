"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.clearing import huang_multiunit, mcafee, muda, pay_as_bid, trade_reduction, vcg_double_auction
from broker.offline import auction_book, order_events, uniform, unit_values, vickrey_side
from broker.offline.decimal_book import Finding

Solve = Callable[[Any], dict[str, Any] | list[Finding]]


def _by_shape(of_units: Solve, of_book: Solve) -> Solve:
    """The one function of a mechanism that takes lists of values as well as order books."""
    return lambda document: (of_units if unit_values.is_unit_document(document) else of_book)(document)


OFFLINE: dict[str, Solve] = {
    "uniform_price_k_double_auction": uniform.solve,
    "pay_as_bid": auction_book.solve(pay_as_bid.clear, auction_book.pairs),
    "continuous_double_auction": order_events.solve,
    "mcafee": _by_shape(unit_values.solve_mcafee, auction_book.solve(mcafee.clear, auction_book.fills)),
    "trade_reduction": _by_shape(
        unit_values.solve_trade_reduction, auction_book.solve(trade_reduction.clear, auction_book.fills)
    ),
    "vcg_double_auction": _by_shape(
        unit_values.solve_vcg, auction_book.solve(vcg_double_auction.clear, auction_book.fills)
    ),
    "huang_multiunit": auction_book.solve(huang_multiunit.clear, auction_book.fills),
    "muda": auction_book.solve(muda.clear, auction_book.fills),
    "muda_vickrey_side": vickrey_side.solve,
}
