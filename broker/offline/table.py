"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.offline import (
    admm,
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
    pooled_prices,
    preference,
    settlement,
    stackelberg,
    storage,
    uniform,
    zonal,
)
from broker.offline.decimal_book import Finding

Solve = Callable[[Any], dict[str, Any] | list[Finding]]

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
}
