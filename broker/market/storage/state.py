"""What the broker knows of a shared storage: wishes, shares, accounts, reputations, payments that are due."""

from dataclasses import dataclass, field

from broker.settlement.stored import StoragePayment
from wire.messages import StorageBid, StorageRequest

Wish = StorageBid | StorageRequest


@dataclass(slots=True)
class Asked:
    """What members ask for one period or one slot: the message that counts with its digest, and how many came."""

    held: dict[str, tuple[Wish, str]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)

    def count(self, meter: str) -> None:
        """Counts a message of a meter."""
        self.messages[meter] = self.messages.get(meter, 0) + 1

    def take(self, meter: str, wish: Wish, digest: str) -> None:
        """Lets an admitted message count."""
        self.held[meter] = (wish, digest)


@dataclass(frozen=True, slots=True)
class Owed:
    """A payment that is due with the first settled slot from `from_s` [s since 1970] on."""

    from_s: int
    payment: StoragePayment


@dataclass(slots=True)
class StorageState:
    """The state of the fold; energies in whole Wh, moments in s since 1970.

    `shares` hold in the slot that comes next, `coming` from the period `coming_s` on. `levels` are the accounts.
    `contributed` is what members delivered since the last allocation. `next_slot_s` is the first slot that has not
    been operated, None before anything was shared; `next_period_s` the first period that has not been allocated,
    None before the first slot was opened.
    """

    next_period_s: int | None = None
    next_slot_s: int | None = None
    shares: dict[str, int] = field(default_factory=dict)
    coming: dict[str, int] = field(default_factory=dict)
    coming_s: int | None = None
    levels: dict[str, int] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    contributed: dict[str, int] = field(default_factory=dict)
    bids: dict[int, Asked] = field(default_factory=dict)
    requests: dict[int, Asked] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)

    @property
    def charge_wh(self) -> int:
        """What all accounts hold."""
        return sum(self.levels.values())
