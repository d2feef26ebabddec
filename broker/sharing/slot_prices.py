"""The two inside prices of a slot."""

from fractions import Fraction
from typing import NamedTuple


class SlotPrices(NamedTuple):
    """What drawn energy costs (`buy`) and delivered earns (`sell`) inside, in the unit of the outside prices."""

    buy: Fraction
    sell: Fraction
