"""What `community-broker clear` can solve: name of the mechanism -> function of its document."""

from collections.abc import Callable
from typing import Any

from broker.offline import (
    admm,
    iterated_price,
    loss_factors,
    network_charges,
    operating_envelope,
    preference,
    stackelberg,
    uniform,
    zonal,
)
from broker.offline.decimal_book import Finding

Solve = Callable[[Any], dict[str, Any] | list[Finding]]

OFFLINE: dict[str, Solve] = {
    "uniform_price_k_double_auction": uniform.solve,
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
