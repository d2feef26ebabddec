"""Whole amounts per participant that stay arrays until somebody asks for a participant."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress

from broker.clearing.book import Ints


class Amounts(Mapping[str, int]):
    """The sum of `values` [n] per participant of `keys` [n]; participants with the sum 0 are left out.

    A cleared book of a million steps is a few arrays; the mapping by name costs more than the auction, so it is made
    when it is first read.
    """

    __slots__ = ("_keys", "_sums", "values_by_step")

    def __init__(self, keys: Sequence[str], values: Ints) -> None:
        self._keys = keys
        self.values_by_step = values
        self._sums: dict[str, int] | None = None

    def sums(self) -> dict[str, int]:
        """The amount of each participant."""
        if self._sums is None:
            self._sums = summed(self._keys, self.values_by_step.tolist())
        return self._sums

    def __getitem__(self, key: str) -> int:
        return self.sums()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sums())

    def __len__(self) -> int:
        return len(self.sums())

    def __repr__(self) -> str:
        return repr(self.sums())


def summed(keys: Sequence[str], values: list[int]) -> dict[str, int]:
    """The sum of the values of each participant; who has a sum of 0 is left out."""
    sums: dict[str, int] = dict(zip(compress(keys, values), filter(None, values), strict=True))
    if len(sums) == len(values) - values.count(0):
        return sums
    sums = {}
    for key, value in zip(keys, values, strict=True):
        if value:
            sums[key] = sums.get(key, 0) + value
    return {key: value for key, value in sums.items() if value}
