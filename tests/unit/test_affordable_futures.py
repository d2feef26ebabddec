"""How many ways on a home plans for, by the number of its slots."""

import pytest

from hems.planning.futures.ways import affordable


@pytest.mark.parametrize(
    ("count", "slots", "planned"),
    [(6, 96, 6), (6, 288, 4), (20, 96, 14), (20, 288, 4), (20, 576, 2), (1, 576, 1), (0, 96, 0), (6, 24, 6)],
)
def test_long_horizons_of_short_slots_have_fewer_ways_on(count: int, slots: int, planned: int) -> None:
    assert affordable(count, slots) == planned
