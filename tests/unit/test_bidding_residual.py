"""What stays with the grid after an auction, on books made by hand."""

import pytest

from hems.bidding.residual import residual_wh

BAND = (100_000, 300_000)
Curve = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("demand", "supply", "volume_wh", "left_wh", "what"),
    [
        ([], [], 0, 0, "nobody ordered"),
        ([(300_000, 500)], [], 0, 500, "load without supply comes from the grid"),
        ([], [(100_000, 400)], 0, -400, "sun without demand goes to the grid"),
        ([(300_000, 500)], [(100_000, 500)], 500, 0, "load and sun cancel"),
        ([(300_000, 500)], [(100_000, 200)], 200, 300, "the load that sun did not cover"),
        ([(300_000, 200)], [(100_000, 500)], 200, -300, "the sun that nobody took"),
        ([(200_000, 900)], [], 0, 0, "a battery that found no cheap energy does not charge"),
        ([], [(200_000, 900)], 0, 0, "a battery that found no buyer keeps its charge"),
        ([(300_000, 200), (150_000, 800)], [(100_000, 500)], 500, 0, "a battery takes the sun that load left"),
        ([(300_000, 800)], [(100_000, 200), (250_000, 400)], 600, 200, "a battery gives, the rest is drawn"),
        ([(310_000, 100)], [(90_000, 300)], 100, -200, "prices beyond the band count as its ends"),
    ],
)
def test_only_what_is_forced_goes_to_the_grid(
    demand: Curve, supply: Curve, volume_wh: int, left_wh: int, what: str
) -> None:
    assert residual_wh(demand, supply, volume_wh, BAND) == left_wh, what
