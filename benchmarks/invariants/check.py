"""What one check of a mechanism is: a random case, and what an independent judge finds in its result."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from broker.mechanisms.catalogue import MECHANISMS


@dataclass(frozen=True, slots=True)
class Judged:
    """One random case: the promises that are broken in it, whether anything was traded or shared, and the case."""

    findings: list[str]
    is_busy: bool
    case: object


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a mechanism of the catalogue; `judge` draws a case and judges it; `variant` tells several apart."""

    mechanism: str
    judge: Callable[[random.Random], Judged]
    variant: str = ""

    @property
    def name(self) -> str:
        """The mechanism, and which of its checks this is where it has several."""
        return f"{self.mechanism}, {self.variant}" if self.variant else self.mechanism


def word(promise: str) -> str:
    """The first word of a promise of the catalogue: it says which checks apply."""
    return promise.translate(str.maketrans(":;,", "   ")).split()[0]


def promised(mechanism: str, promise: str, first: str) -> bool:
    """True when a promise of a mechanism of the catalogue begins with a word."""
    return word(getattr(MECHANISMS[mechanism], promise)) == first


def not_whole(numbers: Iterable[object]) -> list[str]:
    """The numbers that are no whole numbers: neither a float nor a number of numpy decides money."""
    return [f"{number!r} is no whole number" for number in numbers if type(number) is not int]
