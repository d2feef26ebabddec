"""What has to be posted so that transfers already posted become others: nothing is edited, differences are added."""

from collections.abc import Iterable
from typing import NamedTuple

from broker.ledger.transfer import Transfer, flow
from wire.messages import SettlementItem


class _Kind(NamedTuple):
    """What makes transfers one sum: the same item at the same price between the same accounts."""

    first: str
    second: str
    item: SettlementItem
    label: str
    price_micro: int | None
    has_base: bool


def differences(posted: Iterable[Transfer], due: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """The corrections from `posted` to `due`, each the difference of one item at one price between two accounts.

    Energies, amounts and bases of `posted` plus these are those of `due`, for every pair of accounts and item.
    """
    sums: dict[_Kind, tuple[int, int, int]] = {}
    for sign, transfers in ((-1, posted), (1, due)):
        for t in transfers:
            _add(sums, t, sign)
    return tuple(
        flow(
            SettlementItem.CORRECTION,
            kind.first,
            kind.second,
            energy_wh=energy_wh,
            nano=nano,
            price=kind.price_micro,
            label=kind.label,
            base_nano=base_nano if kind.has_base else None,
            of=kind.item,
        )
        for kind, (energy_wh, nano, base_nano) in sorted(sums.items(), key=lambda entry: _place(entry[0]))
        if energy_wh or nano or base_nano
    )


def _add(sums: dict[_Kind, tuple[int, int, int]], t: Transfer, sign: int) -> None:
    is_forward = t.payer <= t.payee
    first, second = (t.payer, t.payee) if is_forward else (t.payee, t.payer)
    kind = _Kind(first, second, t.item, t.label, t.price_micro, t.base_nano is not None)
    direction = sign if is_forward else -sign
    energy_wh, nano, base_nano = sums.get(kind, (0, 0, 0))
    sums[kind] = (
        energy_wh + direction * t.energy_wh,
        nano + direction * t.amount_nano,
        base_nano + direction * (t.base_nano or 0),
    )


def _place(kind: _Kind) -> tuple[str, str, str, str, bool, int]:
    price = kind.price_micro
    return kind.first, kind.second, kind.item.value, kind.label, price is None, price or 0
