"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.offline import blocks, donation, flexibility, forward, settlement, storage, uniform
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
}
