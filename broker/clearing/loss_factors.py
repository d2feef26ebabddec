"""A market in which energy is lost on the way: what arrives is what is sent times (1 - loss of the pair of zones).

The welfare `sum of bids - sum of offers` is maximal where buyers get what arrives and sellers give what they send.
Every zone has a price for its sellers, whole micro per kWh; what the sellers receive for the energy that was sent to
a zone its buyers pay, each as much per kWh to the nano. So the losses are in the buyers' price, buyers pay exactly
what sellers receive, and nobody pays or receives for the lost part: `lost` is a position at price zero. In whole Wh
what arrives between two places is rounded down; that costs some Wh of welfare for each pair of places, see
`broker.clearing.lossy.whole`. Marginal orders of one place share pro rata. Without losses: one place, the uniform
auction with its price rounded once.

Source: Schweppe et al. 1988 (doi 10.1007/978-1-4613-1683-1), losses in spot prices; settlement on energy that is
scaled by loss factors as in the Australian National Electricity Market. Individual rationality: yes.
Complexity: O(n log n) for n orders and the steps of `broker.clearing.lossy.optimum`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from broker.clearing import uniform
from broker.clearing.book import Book
from broker.clearing.lossy.optimum import optimum
from broker.clearing.lossy.places import LossyMarket, lossy_market
from broker.clearing.lossy.prices import asked_nano, seller_prices, whole_prices
from broker.clearing.lossy.whole import Flows, whole_flows
from broker.clearing.nodal.curves import Curve
from broker.clearing.nodal.fill import filled
from broker.clearing.operating_envelope import within_envelopes
from broker.clearing.outcome import Outcome, Rules, no_trade
from broker.clearing.zonal import by_zone
from wire.quantities import largest_remainder

NO_LOSSES = "no losses are set"
UNPROVEN = "the steps ran out before the largest welfare was proven"


def clear(book: Book, rules: Rules, steps_max: int | None = None) -> Outcome:
    """The outcome of a book with the losses between the zones of `rules.network`."""
    limited, grid = within_envelopes(book, rules), rules.network
    if grid is None or not grid.losses:
        return replace(uniform.clear(limited, rules), note=NO_LOSSES)
    offers, bids, note = by_zone(limited.offers, limited.bids, grid)
    if not (offers and bids):
        return no_trade(note)
    market = lossy_market(offers, bids, grid.losses)
    best = optimum(market, steps_max)
    flows = whole_flows(market, best)
    prices = whole_prices(market, flows, seller_prices(market, best, rules.k))
    return _outcome(market, flows, prices, "; ".join(filter(None, [note, "" if best.is_proven else UNPROVEN])))


def _outcome(market: LossyMarket, flows: Flows, prices: list[int | None], note: str) -> Outcome:
    volume = sum(flows.bought)
    if not volume:
        return no_trade(note)
    sold, cost = _filled(market.offers, flows.sold, best_is_last=False)
    bought, value = _filled(market.bids, flows.bought, best_is_last=True)
    received = [
        {key: energy * price for key, energy in own.items()}
        for own, price in zip(sold, prices, strict=True)
        if price is not None
    ]
    paid = [_split(asked_nano(flows, prices, j), own) for j, own in enumerate(bought)]
    return Outcome(
        volume=volume,
        lost=sum(flows.sold) - volume,
        bought=_joined(bought),
        sold=_joined(sold),
        welfare=value - cost,
        paid=_joined(paid),
        received=_joined(received),
        note=note,
    )


def _filled(
    curves: Sequence[Curve], quantities: Sequence[int], *, best_is_last: bool
) -> tuple[list[Mapping[str, int]], int]:
    """(what each participant of each place trades [Wh], its value at the limits [nano])."""
    found = [filled(curve, q, best_is_last=best_is_last) for curve, q in zip(curves, quantities, strict=True)]
    return [totals for totals, _ in found], sum(worth for _, worth in found)


def _split(nano: int, energies: Mapping[str, int]) -> Mapping[str, int]:
    """An amount pro rata to energies, in whole nano."""
    names = sorted(energies)
    shares = largest_remainder(nano, [energies[name] for name in names], names)
    return dict(zip(names, shares, strict=True))


def _joined(places: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    totals: dict[str, int] = {}
    for own in places:
        for key, amount in own.items():
            totals[key] = totals.get(key, 0) + amount
    return totals
