"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.offline import settlement, uniform
from broker.offline.decimal_book import Finding

Solve = Callable[[Any], dict[str, Any] | list[Finding]]

OFFLINE: dict[str, Solve] = {
    "uniform_price_k_double_auction": uniform.solve,
    "settlement": settlement.solve_penalties,
    "settlement_balancing": settlement.solve_balancing,
    "settlement_fifo": settlement.solve_fifo,
}
