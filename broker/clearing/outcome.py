"""The one result type of every auction: who trades how much, at which price, and what each pays or receives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from broker.clearing.preferences import Preference
from broker.network.grid import Grid


class Trade(NamedTuple):
    """A bilateral trade: `quantity` [Wh] from `seller` to `buyer` at `price` [micro/kWh], in trading order."""

    buyer: str
    seller: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A cleared book.

    `volume` [Wh] is what buyers get; `bought` and `sold` [Wh] hold each participant's part with the sums `volume` and
    `volume + lost`, where `lost` [Wh] is what was sold and is lost on the way.
    `welfare` [nano] is the value of the filled bids less the cost of the filled offers at their limits.
    `low`..`high` [micro/kWh] is the market-clearing interval where the mechanism has one, None without a trade.
    `buyer_price`, `seller_price` [micro/kWh] are the prices of a side when all its members trade at one, else None;
    `paid` and `received` [nano] are then the exact amounts per participant. `trades` are the pairs where a mechanism
    makes pairs. `note` says why a mechanism fell back to another one or left the slot without a trade; "" otherwise.
    """

    volume: int
    bought: Mapping[str, int]
    sold: Mapping[str, int]
    welfare: int
    low: int | None = None
    high: int | None = None
    buyer_price: int | None = None
    seller_price: int | None = None
    paid: Mapping[str, int] | None = None
    received: Mapping[str, int] | None = None
    trades: tuple[Trade, ...] = ()
    note: str = ""
    lost: int = 0

    def payments(self) -> dict[str, int]:
        """What each buyer pays [nano], exact."""
        return _amounts(self.bought, self.buyer_price, self.paid)

    def receipts(self) -> dict[str, int]:
        """What each seller receives [nano], exact."""
        return _amounts(self.sold, self.seller_price, self.received)

    def payment_of(self, key: str) -> int:
        """What one participant pays for what it bought [nano]."""
        return _amount(key, self.bought, self.buyer_price, self.paid)

    def receipt_of(self, key: str) -> int:
        """What one participant receives for what it sold [nano]."""
        return _amount(key, self.sold, self.seller_price, self.received)

    def surplus(self) -> int:
        """What the market keeps (+) or has to add (-) [nano]."""
        return sum(self.payments().values()) - sum(self.receipts().values())

    def renamed(self, names: Mapping[str, str]) -> "Outcome":
        """The outcome of the same book with other names for its participants."""

        def named(amounts: Mapping[str, int] | None) -> dict[str, int] | None:
            return None if amounts is None else {names[key]: amount for key, amount in amounts.items()}

        return replace(
            self,
            bought=named(self.bought) or {},
            sold=named(self.sold) or {},
            paid=named(self.paid),
            received=named(self.received),
            trades=tuple(t._replace(buyer=names[t.buyer], seller=names[t.seller]) for t in self.trades),
        )


def no_trade(note: str = "") -> Outcome:
    """The outcome in which nobody trades."""
    return Outcome(volume=0, bought={}, sold={}, welfare=0, note=note)


def _amount(key: str, energy: Mapping[str, int], price: int | None, amounts: Mapping[str, int] | None) -> int:
    if amounts is not None:
        return amounts.get(key, 0)
    quantity = energy.get(key, 0)
    if not quantity:
        return 0
    assert price is not None, "a side that trades has one price or an amount for each of its members"
    return quantity * price


def _amounts(energy: Mapping[str, int], price: int | None, amounts: Mapping[str, int] | None) -> dict[str, int]:
    if amounts is not None:
        return dict(amounts)
    if not energy:
        return {}
    assert price is not None, "a side that trades has one price or an amount for each of its members"
    return {key: quantity * price for key, quantity in energy.items()}


class Role(NamedTuple):
    """What a member is to a rule that treats members differently.

    `is_donor`: it gives its surplus. `rank`: it receives, rank 1 before rank 2; None when it does not.
    """

    is_donor: bool = False
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a mechanism may depend on beside the book.

    `k` (0..1) places a uniform price in its interval. `seed` is the slot's public random seed: a mechanism that
    draws (MUDA splits the market) derives every draw from it, so anyone can replay the clearing. `network` holds the
    limits and charges of the slot, None without; `preferences` by participant. `roles` holds the role of members by
    meter and `solidarity_micro` [micro/kWh] the price of what is given, for energy donation.
    """

    k: Fraction = Fraction(1, 2)
    seed: bytes = b""
    roles: Mapping[str, Role] = field(default_factory=dict)
    solidarity_micro: int = 0
    network: Grid | None = None
    preferences: Mapping[str, Preference] = field(default_factory=dict)

    def renamed(self, name_of: Callable[[str], str]) -> "Rules":
        """The rules for a book whose participants have other names: of all that is kept by participant."""
        return replace(
            self,
            roles={name_of(name): role for name, role in self.roles.items()},
            network=None if self.network is None else self.network.renamed(name_of),
            preferences={name_of(name): wish.renamed(name_of) for name, wish in self.preferences.items()},
        )
