"""One exact payment between two accounts."""

from dataclasses import dataclass
from enum import StrEnum

from wire.quantities import amount_nano


class Item(StrEnum):
    """What a transfer is for."""

    AWARD = "award"
    IMBALANCE = "imbalance"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One exact payment: `payer` pays `amount_nano` to `payee` for `energy_wh` that flows the other way."""

    item: Item
    payer: str
    payee: str
    energy_wh: int
    price_micro: int

    @property
    def amount_nano(self) -> int:
        """The payment [nano-currency], negative when the price is."""
        return amount_nano(self.energy_wh, self.price_micro)


MARKET = "market"
OUTSIDE = "outside"


def account(meter: str) -> str:
    """The ledger account of a member."""
    return f"member:{meter}"
