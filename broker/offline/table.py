"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.clearing import huang_multiunit, mcafee, muda, pay_as_bid, trade_reduction, vcg_double_auction
from broker.offline import (
    admm,
    auction_book,
    bill_sharing,
    blocks,
    coalition_game,
    donation,
    flexibility,
    forward,
    iterated_price,
    loss_factors,
    nash_bargaining,
    network_charges,
    operating_envelope,
    order_events,
    pooled_prices,
    preference,
    settlement,
    stackelberg,
    storage,
    uniform,
    unit_values,
    vickrey_side,
    zonal,
)
from broker.offline.decimal_book import Finding

Solve = Callable[[Any], dict[str, Any] | list[Finding]]


def _by_shape(of_units: Solve, of_book: Solve) -> Solve:
    """The one function of a mechanism that takes lists of values as well as order books."""
    return lambda document: (of_units if unit_values.is_unit_document(document) else of_book)(document)


OFFLINE: dict[str, Solve] = {
    "uniform_price_k_double_auction": uniform.solve,
    "day_ahead_blocks": blocks.solve,
    "forward_contract": forward.solve,
    "flexibility_auction": flexibility.solve,
    "ancillary_call": flexibility.solve_ancillary,
    "energy_donation": donation.solve,
    "shared_storage": storage.solve,
    "settlement": settlement.solve_penalties,
    "settlement_balancing": settlement.solve_balancing,
    "settlement_fifo": settlement.solve_fifo,
    "mid_market_rate": pooled_prices.solve_mid_market,
    "supply_demand_ratio": pooled_prices.solve_supply_demand_ratio,
    "bill_sharing": bill_sharing.solve,
    "shapley": coalition_game.solve_shapley,
    "nucleolus": coalition_game.solve_nucleolus,
    "core_test": coalition_game.solve_core_test,
    "nash_bargaining": nash_bargaining.solve,
    "operating_envelope": operating_envelope.solve,
    "zonal_uniform_price": zonal.solve,
    "network_charges": network_charges.solve,
    "loss_factors": loss_factors.solve,
    "preference_matching": preference.solve,
    "admm_bilateral": admm.solve,
    "iterated_price": iterated_price.solve,
    "stackelberg_profit": stackelberg.solve_profit,
    "stackelberg_nonprofit": stackelberg.solve_nonprofit,
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
