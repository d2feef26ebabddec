"""The orders of a book by place."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from broker.clearing.book import BookSide, Step
from broker.clearing.nodal.curves import Triple

Place = TypeVar("Place", bound=Hashable)


def steps_of(side: BookSide) -> list[Step]:
    """The steps of a side as whole Python numbers."""
    return list(map(Step, side.keys, side.prices.tolist(), side.quantities.tolist()))


def placed(side: BookSide, place_of: Callable[[str], Place]) -> dict[Place, list[Triple]]:
    """The steps of a side by the place of their participant."""
    places: dict[Place, list[Triple]] = {}
    for step in zip(side.keys, side.prices.tolist(), side.quantities.tolist(), strict=True):
        places.setdefault(place_of(step[0]), []).append(step)
    return places
