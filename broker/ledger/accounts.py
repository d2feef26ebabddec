"""Double-entry accounts in whole nano-currency: every transfer debits one account and credits another."""

from collections.abc import Iterable, Mapping

from broker.ledger.transfer import MARKET, Transfer


class NotConserved(Exception):
    """Money or energy would appear or vanish: settlement has to halt until the operator has looked."""


class Accounts:
    """Account balances [nano-currency, + the account has received more than it paid]."""

    def __init__(self) -> None:
        self._balances: dict[str, int] = {}
        self.entries = 0

    def post(self, transfers: Iterable[Transfer]) -> None:
        """Books the transfers of one slot, all or none.

        Raises: NotConserved when the market account would not be empty after the slot; nothing is booked then.
        """
        changes: dict[str, int] = {}
        count = 0
        for transfer in transfers:
            changes[transfer.payer] = changes.get(transfer.payer, 0) - transfer.amount_nano
            changes[transfer.payee] = changes.get(transfer.payee, 0) + transfer.amount_nano
            count += 1
        if changes.get(MARKET, 0) or sum(changes.values()):
            raise NotConserved(f"the market account would keep {changes.get(MARKET, 0)} nano")
        for name, change in changes.items():
            self._balances[name] = self._balances.get(name, 0) + change
        self.entries += count

    def balance(self, name: str) -> int:
        """The balance of an account [nano-currency]."""
        return self._balances.get(name, 0)

    def balances(self) -> dict[str, int]:
        """The balances of all accounts that were ever posted to [nano-currency], in the order of their first one."""
        return dict(self._balances)

    def open_with(self, balances: Mapping[str, int], entries: int) -> None:
        """Opens empty accounts with what was carried forward.

        Raises: NotConserved when the balances do not sum to zero.
        """
        assert not self._balances, "empty accounts are opened"
        if sum(balances.values()):
            raise NotConserved(f"the opening balances sum to {sum(balances.values())} nano")
        self._balances, self.entries = dict(balances), entries

    def sum_nano(self) -> int:
        """The sum of all balances, which is always 0."""
        return sum(self._balances.values())
