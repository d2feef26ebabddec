"""Live auctions on random books: awards, money and welfare against an independent judge.

Which checks apply follows from the catalogue: the first word of a promise.
"""

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial

from benchmarks.invariants import lossy_judge, terms
from benchmarks.invariants.check import Check, Judged, not_whole, word
from benchmarks.invariants.orders import Orders, best_value, max_welfare, random_orders
from broker.clearing.outcome import Outcome, Rules
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Mechanism

Money = Mapping[str, int]
LEAST_PART = "at least 1 - 1/k"
NOT_WHOLE_WH = 6  # what rounding to whole Wh may leave out of agreed trades, at the width of all prices


def checks() -> list[Check]:
    """One check for each live auction."""
    return [Check(m.name, partial(_judge, m)) for m in MECHANISMS.values() if m.clear is not None]


def _judge(mechanism: Mechanism, rng: random.Random) -> Judged:
    orders = random_orders(rng)
    return judged(mechanism, orders, rng, terms.random_rules(rng, mechanism, orders))


def judged(mechanism: Mechanism, orders: Orders, rng: random.Random, rules: Rules) -> Judged:
    """What a mechanism makes of a book, and of the book shuffled."""
    assert mechanism.clear is not None, "only auctions are checked on books"
    outcome = mechanism.clear(orders.book, rules)
    found = _found(mechanism, orders, rules, outcome)
    if mechanism.clear(orders.shuffled(rng).book, rules) != outcome:
        found.append("the order of the steps matters")
    return Judged(found, bool(outcome.volume), (orders, rules))


def _found(mechanism: Mechanism, orders: Orders, rules: Rules, outcome: Outcome) -> list[str]:
    """What is wrong with an outcome."""
    found = [
        *imbalances(outcome, may_lose=terms.has_losses(mechanism, rules)),
        *not_whole(_numbers(outcome)),
        *terms.findings(mechanism, outcome, rules),
    ]
    values, costs, beyond = worth(orders, outcome)
    if found or beyond:
        return found + beyond
    for trade in outcome.trades:
        values[trade.buyer] += trade.quantity * (terms.premium(rules, trade.buyer, trade.seller) or 0)
    found += [*_money(mechanism, outcome, values, costs), *_welfare(mechanism, orders, outcome, rules)]
    if outcome.welfare > sum(values.values()) - sum(costs.values()):
        found.append(f"welfare {outcome.welfare} is more than the awards are worth")
    return found


def imbalances(outcome: Outcome, *, may_lose: bool = False) -> list[str]:
    """What is bought is the volume, and with what is lost on the way what is sold; pairs make up the awards."""
    bought, sold = sum(outcome.bought.values()), sum(outcome.sold.values())
    found = []
    if not bought == sold - outcome.lost == outcome.volume or not 0 <= outcome.lost <= sold * may_lose:
        found = [f"bought {bought}, sold {sold}, lost {outcome.lost}, volume {outcome.volume}"]
    for name, awards in (("buyer", outcome.bought), ("seller", outcome.sold)):
        paired = dict.fromkeys(awards, 0)
        for trade in outcome.trades:
            key = getattr(trade, name)
            paired[key] = paired.get(key, 0) + trade.quantity
        if outcome.trades and paired != dict(awards):
            found.append(f"pairs make {paired}, awards are {dict(awards)}")
    return found


def _numbers(outcome: Outcome) -> Iterator[int]:
    yield from (outcome.volume, outcome.lost, outcome.welfare)
    for amounts in (outcome.bought, outcome.sold, outcome.payments(), outcome.receipts()):
        yield from amounts.values()


def worth(orders: Orders, outcome: Outcome) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """What the bids and the offers say of the awards [nano], and who is awarded more than its orders."""
    found: list[dict[str, int]] = []
    beyond = []
    for side, awards, steps, sign in (
        ("bids", outcome.bought, orders.bids, 1),
        ("offers", outcome.sold, orders.offers, -1),
    ):
        values = {key: best_value(steps, key, energy, sign) for key, energy in awards.items()}
        beyond += [f"{key} is awarded more than its {side}" for key, value in values.items() if value is None]
        found.append({key: value or 0 for key, value in values.items()})
    return found[0], found[1], beyond


def _money(mechanism: Mechanism, outcome: Outcome, values: Money, costs: Money) -> Iterator[str]:
    surplus, budget = outcome.surplus(), word(mechanism.budget_balance)
    if (budget == "strong" and surplus) or (budget == "weak" and surplus < 0):
        yield f"budget balance is {budget}, surplus {surplus}"
    if word(mechanism.individual_rationality) == "yes":
        yield from losers(outcome, values, costs)


def losers(outcome: Outcome, values: Money, costs: Money) -> list[str]:
    """Who is worse off than without trading."""
    gains = {
        key: values.get(key, 0) - costs.get(key, 0) - outcome.payment_of(key) + outcome.receipt_of(key)
        for key in {*values, *costs, *outcome.payments(), *outcome.receipts()}
    }
    return [f"{key} loses {-gain}" for key, gain in sorted(gains.items()) if gain < 0]


def _welfare(mechanism: Mechanism, orders: Orders, outcome: Outcome, rules: Rules) -> Iterator[str]:
    promise = mechanism.welfare
    if mechanism.name == "stackelberg_profit" and outcome.surplus() != (most := most_profit(orders)):
        yield f"profit {outcome.surplus()}, the largest at two prices is {most}"
    if promise.startswith(LEAST_PART) and not outcome.note:
        yield from _least_part(orders, outcome)
    if word(promise) == "maximal" and not (mechanism.asks and (rules.network or rules.preferences)):
        if outcome.welfare != (most := max_welfare(orders)):
            yield f"welfare {outcome.welfare}, maximum {most}"
    elif rules.network is not None and terms.has_losses(mechanism, rules):
        yield from lossy_judge.findings(outcome, orders, rules.network)
    elif word(promise) in {"maximal", "close"}:
        best = terms.best(mechanism, orders, rules)
        if word(promise) == "maximal" and best != (outcome.welfare, outcome.volume):
            yield f"welfare and volume {outcome.welfare}, {outcome.volume}, the largest are {best}"
        if word(promise) == "close":
            yield from _close(orders, outcome, rules, best.welfare)


def _least_part(orders: Orders, outcome: Outcome) -> Iterator[str]:
    """Of k efficient trades of one equal quantity all but one are worth at least 1 - 1/k of the maximum."""
    bids = sorted((s.price for s in orders.bids), reverse=True)
    offers = sorted(s.price for s in orders.offers)
    k = sum(bid > offer for bid, offer in zip(bids, offers, strict=False))
    if k and outcome.welfare < (1 - Fraction(1, k)) * max_welfare(orders):
        yield f"welfare {outcome.welfare} of {max_welfare(orders)} with {k} efficient trades"


def _close(orders: Orders, outcome: Outcome, rules: Rules, most: int) -> Iterator[str]:
    """Rounds that converge leave the last Wh of some pairs and a thousandth of the energy at most."""
    prices = [step.price for step in (*orders.bids, *orders.offers)]
    premiums = [micro for wish in rules.preferences.values() for micro in wish.premiums.values()]
    width = max(prices, default=0) - min(prices, default=0) + 2 * max(premiums, default=0)
    energy = sum(step.quantity for step in (*orders.bids, *orders.offers))
    if outcome.welfare > most:
        yield f"welfare {outcome.welfare} is above the maximum {most}"
    if not outcome.note and outcome.welfare < most - width * (NOT_WHOLE_WH + Fraction(energy, 1000)):
        yield f"welfare {outcome.welfare}, maximum {most}, and the rounds have converged"


def most_profit(orders: Orders) -> int:
    """The most that a provider earns which buys at one limit and sells at another."""
    return max(
        (
            (sells - buys)
            * min(
                sum(s.quantity for s in orders.bids if s.price >= sells),
                sum(s.quantity for s in orders.offers if s.price <= buys),
            )
            for sells in {s.price for s in orders.bids}
            for buys in {s.price for s in orders.offers}
            if sells > buys
        ),
        default=0,
    )
