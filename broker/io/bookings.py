"""Every posting of a community, computed again from its journal: what an accountant asks for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from broker.io.carried_states import opened
from broker.io.journal_sqlite import SqliteJournal
from broker.io.state_dir import StateDir
from broker.ledger.accounts import Accounts
from broker.ledger.transfer import Transfer
from broker.market.events import CorrectionDue, SettlementDue, decode_event
from wire.slots import format_utc

CARRIED = "carried_forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One side of a transfer: `amount_nano` (+ paid by the account); both sides of a transfer sum to zero."""

    slot: str
    account: str
    counterparty: str
    item: str
    of: str
    label: str
    energy_wh: int
    price_micro_per_kwh: int | None
    amount_nano: int
    is_correction: bool


class _Posted(Accounts):
    """Accounts that hand out what was posted last."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[Transfer] = []

    def post(self, transfers: Iterable[Transfer]) -> None:
        """Books transfers, and keeps them."""
        kept = list(transfers)
        super().post(kept)
        self.fresh += kept


def bookings(state: StateDir, start: str | None, end: str | None) -> Iterator[Booking]:
    """Both sides of every transfer of the slots with start <= slot < end (RFC 3339 prefixes; None: no bound).

    Where older records are erased, the balances that they left come first, in the bounds by the moment of the newest
    of them.

    Raises: StorageFailed when a file is missing or damaged, NoTerms when the journal is not the broker's.
    """
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        fold, posted = opened(journal, state.read_secret()), _Posted()
        opening = fold.market.accounts.balances()
        posted.open_with(opening, fold.market.accounts.entries)
        fold.market.accounts = fold.market.settling.accounts = posted
        if journal.first and (start or "") <= (begins := format_utc(fold.last_s)) < (end or "9"):
            yield from _carried(begins, opening)
        for record in journal.records(fold.journaled):
            event = decode_event(record)
            fold.apply(event)
            if isinstance(event, SettlementDue | CorrectionDue):
                slot = format_utc(event.slot_s)
                if (start or "") <= slot < (end or "9"):
                    yield from _both_sides(slot, posted.fresh, is_correction=isinstance(event, CorrectionDue))
                posted.fresh.clear()
    finally:
        journal.close()


def _carried(at: str, balances: Mapping[str, int]) -> Iterator[Booking]:
    """The opening balances, which sum to zero."""
    for account, balance_nano in balances.items():
        yield Booking(
            slot=at,
            account=account,
            counterparty="",
            item=CARRIED,
            of="",
            label="",
            energy_wh=0,
            price_micro_per_kwh=None,
            amount_nano=-balance_nano,
            is_correction=False,
        )


def _both_sides(slot: str, transfers: Iterable[Transfer], *, is_correction: bool) -> Iterator[Booking]:
    for done in transfers:
        for account, other, sign in ((done.payer, done.payee, 1), (done.payee, done.payer, -1)):
            yield Booking(
                slot=slot,
                account=account,
                counterparty=other,
                item=str(done.item),
                of="" if done.of is None else str(done.of),
                label=done.label,
                energy_wh=sign * done.energy_wh,
                price_micro_per_kwh=done.price_micro,
                amount_nano=sign * done.amount_nano,
                is_correction=is_correction,
            )
