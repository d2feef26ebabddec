"""Bilateral trade by consensus (ADMM) with product differentiation, on a book of steps.

The steps of each participant are its agent; premiums for qualities and named sellers differentiate the product. The
agents exchange proposals (`consensus.protocol`) until both sides of every pair agree, or until the rounds are over:
then the best that was agreed is used and the note says so. `consensus.whole_trades` turns it into whole Wh and micro,
and adds what both sides of a pair have left at prices closer to each other than the rounds can tell.

Every pair has its own price; without premiums all converge to the uniform price and the welfare to the largest one.
Budget balance: strong. Individual rationality: yes, on the last kWh of everyone. Truthful: no.
Source: Sorin, Bobo & Pinson 2019 (doi 10.1109/TPWRS.2018.2872880).
Complexity: O(rounds x sellers x buyers), which is why larger books clear at one price, or by preference
where members have wishes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from broker.clearing import preference, uniform
from broker.clearing.book import Book, BookSide
from broker.clearing.consensus.agents import Agents
from broker.clearing.consensus.ladder import Ladder
from broker.clearing.consensus.protocol import Consensus, Report, Target
from broker.clearing.consensus.whole_trades import whole_trades
from broker.clearing.outcome import Outcome, Rules, Trade, no_trade
from broker.clearing.preference import product_of, wish_of
from broker.clearing.preferences import ANYTHING, Preference

PAIRS_MAX = 4_096
TARGET = Target(primal=1e-5, dual=1e-5, rounds_max=600)


def clear(book: Book, rules: Rules) -> Outcome:
    """The outcome of the consensus; with too many pairs that at one price, or by preference where one has wishes."""
    sellers, buyers = ladders(book.offers, sign=1), ladders(book.bids, sign=-1)
    pairs = len(sellers) * len(buyers)
    if not pairs:
        return no_trade()
    if pairs > PAIRS_MAX:
        if rules.preferences:
            return replace(
                preference.clear(book, rules), note=f"{pairs} pairs are too many for rounds: by preference"
            )
        return replace(uniform.clear(book, rules), note=f"{pairs} pairs are too many for rounds: uniform price")
    trades, report = agreed_trades(sellers, buyers, rules.preferences)
    residuals = f"residuals {report.primal_residual:.2g} and {report.dual_residual:.2g}"
    note = "" if report.converged else f"not converged after {report.iterations} rounds, {residuals}"
    return outcome_of(trades, sellers, buyers, rules.preferences, note)


def ladders(side: BookSide, *, sign: int) -> list[Ladder]:
    """The steps of each participant from the best on, by ascending participant; `sign`: 1 offers, -1 bids."""
    steps: dict[str, list[tuple[int, int]]] = {}
    for key, price, quantity in zip(side.keys, side.prices.tolist(), side.quantities.tolist(), strict=True):
        steps.setdefault(key, []).append((sign * price, quantity))
    found = []
    for key in sorted(steps):
        rows = sorted(steps[key])
        sums = [0]
        for _, quantity in rows:
            sums.append(sums[-1] + quantity)
        found.append(Ladder(key, [sign * price for price, _ in rows], sums))
    return found


def agreed_trades(
    sellers: Sequence[Ladder], buyers: Sequence[Ladder], preferences: Mapping[str, Preference]
) -> tuple[list[Trade], Report]:
    """The whole trades that the agents agree on, and how the rounds ended. Nobody trades with itself."""
    products = [product_of(preferences.get(seller.key, ANYTHING), seller.key) for seller in sellers]
    wishes = [wish_of(preferences.get(buyer.key, ANYTHING)) for buyer in buyers]
    premiums = [[wish.premium(product) for wish in wishes] for product in products]
    allowed = np.array(
        [
            [
                float(seller.key != buyer.key and wish.takes(product))
                for buyer, wish in zip(buyers, wishes, strict=True)
            ]
            for seller, product in zip(sellers, products, strict=True)
        ]
    )
    limits = [price for ladder in (*sellers, *buyers) for price in ladder.prices]
    middle, spread = (max(limits) + min(limits)) / 2, max(1, max(limits) - min(limits))
    energy = max(1.0, sum(ladder.total for ladder in (*sellers, *buyers)) / (len(sellers) + len(buyers)))
    consensus = Consensus(
        _agents(sellers, 1, middle, spread, energy),
        _agents(buyers, -1, middle, spread, energy),
        -np.array(premiums, dtype=float) / spread,
        allowed,
        price=0.0,
        rho=float(max(len(sellers), len(buyers))) / 4,
    )
    agreement = consensus.agree(TARGET)
    prices = agreement.price * spread + middle
    trades = whole_trades(sellers, buyers, agreement.energy * energy, prices, premiums=premiums, allowed=allowed)
    return trades, agreement.report


def _agents(side: Sequence[Ladder], sign: int, middle: float, spread: float, energy: float) -> Agents:
    """The ladders as curves in parts of the spread around the middle price and of the mean energy."""
    segments = max(len(ladder.prices) for ladder in side)
    start, width = np.full((len(side), segments), 1e9), np.zeros((len(side), segments))
    for i, ladder in enumerate(side):
        start[i, : len(ladder.prices)] = [sign * (price - middle) / spread for price in ladder.prices]
        width[i, : len(ladder.prices)] = np.diff(np.array(ladder.sums, dtype=float)) / energy
    return Agents(
        names=tuple(ladder.key for ladder in side),
        start=start,
        slope=np.zeros_like(start),
        width=width,
        least=np.zeros(len(side)),
    )


def outcome_of(
    trades: Sequence[Trade],
    sellers: Sequence[Ladder],
    buyers: Sequence[Ladder],
    preferences: Mapping[str, Preference],
    note: str,
) -> Outcome:
    """The outcome of whole trades between ladders, premiums of the buyers in the welfare."""
    if not trades:
        return no_trade(note)
    bought: dict[str, int] = {}
    sold: dict[str, int] = {}
    paid: dict[str, int] = {}
    received: dict[str, int] = {}
    welfare = 0
    for trade in trades:
        own = wish_of(preferences.get(trade.buyer, ANYTHING))
        premium = own.premium(product_of(preferences.get(trade.seller, ANYTHING), trade.seller))
        welfare += trade.quantity * premium
        for key, energy, money in ((trade.buyer, bought, paid), (trade.seller, sold, received)):
            energy[key] = energy.get(key, 0) + trade.quantity
            money[key] = money.get(key, 0) + trade.quantity * trade.price
    welfare += sum(ladder.value(bought.get(ladder.key, 0)) for ladder in buyers)
    welfare -= sum(ladder.value(sold.get(ladder.key, 0)) for ladder in sellers)
    return Outcome(
        volume=sum(bought.values()),
        bought=bought,
        sold=sold,
        welfare=welfare,
        paid=paid,
        received=received,
        trades=tuple(trades),
        note=note,
    )
