"""What the community will still draw or feed in after an auction, read from its public clearing."""

from collections.abc import Sequence


def residual_wh(
    demand: Sequence[tuple[int, int]], supply: Sequence[tuple[int, int]], volume_wh: int, band: tuple[int, int]
) -> int:
    """Net energy that stays with the grid [Wh, + import] after an auction.

    `demand` and `supply` are the public curves as (price, energy); `band` is (feed-in, retail) [micro/kWh]. Only
    steps at the ends of the band go to the grid when they are not filled: demand at the retail price is drawn anyway,
    supply at the feed-in price is fed in anyway. Steps inside the band simply do not happen.
    """
    feed_in, retail = band
    drawn = sum(energy for price, energy in demand if price >= retail)
    fed_in = sum(energy for price, energy in supply if price <= feed_in)
    return max(drawn - volume_wh, 0) - max(fed_in - volume_wh, 0)
