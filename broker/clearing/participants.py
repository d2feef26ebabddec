"""Whole amounts per participant that stay arrays until somebody asks for a participant."""

from collections.abc import Collection, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from itertools import compress

from broker.clearing.book import Ints


class Amounts(Mapping[str, int]):
    """The sum of `values` [n] per participant of `keys` [n]; participants with the sum 0 are left out.

    A cleared book of a million steps is a few arrays; the mapping by name costs more than the auction, so it is made
    when it is first read. Its views are those of the dictionary then made: read all by them, `dict(amounts.items())`,
    since `dict(amounts)` asks for one participant after the other.
    """

    __slots__ = ("_keys", "_sums", "_values")

    def __init__(self, keys: Collection[str], values: Ints) -> None:
        self._keys = keys
        self._values = values
        self._sums: dict[str, int] | None = None

    def sums(self) -> dict[str, int]:
        """The amount of each participant."""
        if self._sums is None:
            has_any = self._values != 0
            values = self._values[has_any].tolist()
            self._sums = dict(zip(compress(self._keys, has_any.tobytes()), values, strict=True))
            if len(self._sums) < len(values):
                self._sums = summed(self._keys, self._values.tolist())
        return self._sums

    def __getitem__(self, key: str) -> int:
        return self.sums()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sums())

    def __len__(self) -> int:
        return len(self.sums())

    def keys(self) -> KeysView[str]:
        """Who has an amount."""
        return self.sums().keys()

    def values(self) -> ValuesView[int]:
        """The amounts."""
        return self.sums().values()

    def items(self) -> ItemsView[str, int]:
        """Each participant with its amount."""
        return self.sums().items()

    def __repr__(self) -> str:
        return repr(self.sums())


def summed(keys: Collection[str], values: Sequence[int]) -> dict[str, int]:
    """The sum of the values of each participant; who has a sum of 0 is left out."""
    sums = dict(zip(keys, values, strict=True))
    if len(sums) == len(values) and all(values):
        return sums
    sums = {}
    for key, value in zip(keys, values, strict=True):
        if value:
            sums[key] = sums.get(key, 0) + value
    return {key: value for key, value in sums.items() if value}
