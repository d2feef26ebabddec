"""Whether the network kept the members of a session from trading more."""

from collections.abc import Iterable, Sequence

from broker.market.sessions.slot_book import Listed
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid import UNLIMITED, Grid
from wire.messages import Award, Clearing


def is_constrained(listed: Iterable[Listed], clearing: Clearing, awards: Sequence[Award], grid: Grid | None) -> bool:
    """True when somebody who ordered more trades all that its connection lets through, or when a line is full.

    A full line parts the prices of its ends: what buyers pay above what sellers receive is what it earned.
    """
    if Asked.LINES in MECHANISMS[clearing.mechanism].asks and clearing.surplus_nano > 0:
        return True
    if grid is None or not grid.envelopes:
        return False
    traded = {award.pseudonym: award for award in awards}
    return any(
        (award := traded.get(order.entry.pseudonym)) is not None
        and (
            _is_at(envelope.export_wh, award.sold_wh, order.entry.sell)
            or _is_at(envelope.import_wh, award.bought_wh, order.entry.buy)
        )
        for order in listed
        if (envelope := grid.envelopes.get(order.entry.pseudonym, UNLIMITED)) != UNLIMITED
    )


def _is_at(limit_wh: int | None, traded_wh: int, levels: Iterable[tuple[int, int]]) -> bool:
    return limit_wh is not None and traded_wh == limit_wh < sum(energy_wh for _, energy_wh in levels)
