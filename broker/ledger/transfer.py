"""One exact payment between two accounts."""

from dataclasses import dataclass

from wire.messages import SettlementItem
from wire.quantities import amount_nano


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One exact payment: `payer` pays `amount_nano` to `payee` for `energy_wh` that flows the other way.

    `price_micro` is the price per kWh when the amount is a product of whole units, else None. A negative amount is
    paid the other way. Of a charge, `energy_wh` is what is charged (nothing flows), `label` its name and `base_nano`
    what a tax is taken of. A correction says in `of` which item it changes.
    """

    item: SettlementItem
    payer: str
    payee: str
    energy_wh: int
    amount_nano: int
    price_micro: int | None
    label: str = ""
    base_nano: int | None = None
    of: SettlementItem | None = None


MARKET = "market"
OUTSIDE = "outside"
COMMUNITY = "community"
DONATIONS = "donations"
LOSSES = "losses"
NETWORK_OPERATOR = "network_operator"
STATE = "state"
SUPPLIER = "supplier"
PAYEES = (NETWORK_OPERATOR, STATE, SUPPLIER, COMMUNITY)
MEMBER = "member:"


def account(meter: str) -> str:
    """The ledger account of a member."""
    return f"{MEMBER}{meter}"


def meter_of(name: str) -> str | None:
    """The member of a ledger account, None when it is not a member's."""
    return name.removeprefix("member:") if name.startswith("member:") else None


def flow(
    item: SettlementItem,
    name: str,
    counterparty: str,
    *,
    energy_wh: int,
    nano: int,
    price: int | None,
    label: str = "",
    base_nano: int | None = None,
    of: SettlementItem | None = None,
) -> Transfer:
    """What account `name` draws (+) or delivers (-) for `nano` (+ paid by it) from or to a counterparty.

    A sign becomes a direction here and nowhere else.
    """
    is_drawn = energy_wh > 0 or (energy_wh == 0 and nano > 0)
    sign = 1 if is_drawn else -1
    return Transfer(
        item=item,
        payer=name if is_drawn else counterparty,
        payee=counterparty if is_drawn else name,
        energy_wh=sign * energy_wh,
        amount_nano=sign * nano,
        price_micro=price,
        label=label,
        base_nano=None if base_nano is None else sign * base_nano,
        of=of,
    )


def flow_at(item: SettlementItem, name: str, counterparty: str, *, energy_wh: int, price_micro: int) -> Transfer:
    """The flow of some energy at a price in whole micro per kWh."""
    nano = amount_nano(energy_wh, price_micro)
    return flow(item, name, counterparty, energy_wh=energy_wh, nano=nano, price=price_micro)
