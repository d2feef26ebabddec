"""The market mechanisms that exist, in one table: name -> function, promises and source."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from broker.clearing.book import Book, Outcome
from broker.clearing.uniform import clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One auction: `clear` gives its outcome, the flags say what it promises its participants and the community."""

    name: str
    title: str
    clear: Callable[[Book], Outcome]
    budget_balance: str
    individual_rationality: bool
    truthfulness: str
    welfare: str
    k_default: Fraction
    source: str


UNIFORM = Mechanism(
    name="uniform_price_k_double_auction",
    title="Uniform-price k-double auction",
    clear=clear,
    budget_balance="strong",
    individual_rationality=True,
    truthfulness="in the limit of many participants (buyers at k=0, sellers at k=1)",
    welfare="maximal for the stated prices",
    k_default=Fraction(1, 2),
    source="Satterthwaite & Williams 1989, doi:10.1016/0022-0531(89)90117-9",
)

MECHANISMS: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in (UNIFORM,)}
