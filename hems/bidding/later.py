"""The order for a slot that is still far away: a hedge of what the plan expects to draw or to give in it.

What is bought or sold early changes nothing of what the home will do: the deviation is traded again before delivery,
or settled after it, so a position moves money and no energy. It is worth having because both are uncertain:

* with `RETRADED` the rest is traded again at the expected local price P (`hems.bidding.expected_price`);
* else it meets outside prices: a kWh held too little costs retail, one too much brings feed-in.

With net energy e ~ N(q, spread) a kWh at position x is worth
``RETRADED * P + (1 - RETRADED) * (feed_in + (retail - feed_in) * P(e > x))``, as in `hems.bidding.delivery`. The
order goes from what is held to the planned q and no further, in two steps: the part that is nearly sure and the last
`spread` of it.
A home that will be short bids more than one that will be long asks, so early trade happens and both lose risk.
Source: Bessembinder & Lemmon 2002, doi:10.1111/1540-6261.00463 (forward premium from the risk of both sides).
"""

from statistics import NormalDist

from hems.bidding.steps import Band, Step

RETRADED = 0.5
SURE, UNSURE = 1.5, 0.5  # middle of each part, in spreads below the planned energy
_ERROR = NormalDist()


def later_steps(
    planned_wh: float, held_wh: int, spread_wh: float, band: Band, short_probability: float
) -> tuple[Step, ...]:
    """The order from the position held to the planned net energy [Wh, + import].

    `short_probability` is that of a community which has to buy outside; it gives the expected local price.
    """
    wanted_wh = int(planned_wh) - held_wh
    unsure_wh = min(abs(wanted_wh), round(spread_wh))
    sure_wh = abs(wanted_wh) - unsure_wh
    sign = 1 if wanted_wh > 0 else -1
    parts = [(sure_wh, SURE), (unsure_wh, UNSURE)]
    steps = [
        (_worth(band, short_probability, _ERROR.cdf(sign * middle)), energy) for energy, middle in parts if energy
    ]
    if sign > 0:
        return tuple(Step("buy", price, energy) for price, energy in steps)
    return tuple(Step("sell", price, energy) for price, energy in steps)


def _worth(band: Band, short_probability: float, needed_probability: float) -> int:
    """What a kWh of the position is worth [micro/kWh]."""
    share = RETRADED * short_probability + (1.0 - RETRADED) * needed_probability
    return band.clip(band.feed_in_micro + round((band.retail_micro - band.feed_in_micro) * share))
