"""Payments for a shared storage: shares that were auctioned, energy that was handed over when shares changed.

They are due with the first slot of a period that is settled, and no energy flows for them in that slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.ledger.transfer import Transfer, account, flow, meter_of
from wire.messages import SettlementItem


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePayment:
    """What a member pays (+) or gets (-) [nano] from another account, with the label of its line."""

    meter: str
    to: str
    amount_nano: int
    label: str

    @property
    def members(self) -> set[str]:
        """The members whose settlements it stands in."""
        return {self.meter} | ({payee} if (payee := meter_of(self.to)) is not None else set())


def storage_transfers(payments: Iterable[StoragePayment]) -> list[Transfer]:
    """The transfers of some payments."""
    return [
        flow(
            SettlementItem.STORAGE,
            account(p.meter),
            p.to,
            energy_wh=0,
            nano=p.amount_nano,
            price=None,
            label=p.label,
        )
        for p in payments
    ]
