"""Markets in rounds of questions: members answer from orders that they keep, some stay silent, questions end early.

Whatever is answered, awards have to balance and stay within each order, nobody loses, and who never answered is out.
Only when all have answered and the rounds have converged is the welfare that of whole orders.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.invariants import auctions, terms
from benchmarks.invariants.check import Check, Judged
from benchmarks.invariants.orders import Orders, best_value, max_welfare
from broker.clearing.bilateral_rounds import BilateralRounds
from broker.clearing.book import Step
from broker.clearing.consensus.pair_rounds import PairRounds
from broker.clearing.iterated_price import Reply
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.price_rounds import PriceRounds
from broker.mechanisms.catalogue import MECHANISMS
from hems.bidding.proposals import proposals
from wire.messages import PAIR_QUESTIONS_MAX, PRICES_MAX, QUESTIONS_MAX, OrderStep, PairTerms, Side

NAMES = "abcdef"
BAND = (60_000, 540_000)
PRICES = (60_000, 220_000, 300_000, 539_999, 540_000)
NEAR_BEST, BAND_PART = Fraction(9, 10), Fraction(1, 50)


@dataclass(frozen=True, slots=True)
class Asked:
    """Orders that stay at home, who does not answer which question, and how many questions there may be."""

    orders: Orders
    silent: frozenset[tuple[str, int]]
    most: int
    k: Fraction

    def answers(self, name: str, number: int) -> bool:
        """Whether a member answers a question."""
        return (name, number) not in self.silent


def checks() -> list[Check]:
    """One check for each mechanism that asks instead of reading orders."""
    return [
        Check("iterated_price", _iterated, "in questions"),
        Check("admm_bilateral", _bilateral, "in questions"),
    ]


def _asked(rng: random.Random, questions: int) -> Asked:
    """Each member buys below where it sells; a third of the cases has silent members or ends early."""
    sides: dict[Side, list[Step]] = {Side.BUY: [], Side.SELL: []}
    for name in NAMES[: rng.randint(0, 6)]:
        prices = sorted({rng.choice((*PRICES, rng.randint(*BAND))) for _ in range(rng.randint(1, 5))})
        buys = rng.randint(0, len(prices))
        for i, price in enumerate(prices):
            side = Side.BUY if i < buys else Side.SELL
            sides[side].append(Step(name, price, rng.choice((rng.randint(1, 4_000), 1, 10**7))))
    is_whole = rng.random() < 0.65
    silent = () if is_whole else ((rng.choice(NAMES), rng.randint(1, questions)) for _ in range(rng.randint(0, 12)))
    most = questions if is_whole else rng.randint(1, questions)
    return Asked(Orders(sides[Side.BUY], sides[Side.SELL]), frozenset(silent), most, rng.choice(terms.KS))


def _replies(orders: Orders, name: str, prices: tuple[int, ...]) -> list[Reply]:
    """What a member says: all that it wants when it gains, when it is just at the price anything up to it."""

    def total(steps: list[Step], sign: int, *, is_least: bool) -> list[int]:
        own = [s for s in steps if s.key == name]
        return [
            sum(s.quantity for s in own if sign * (s.price - price) > 0 or (not is_least and s.price == price))
            for price in prices
        ]

    bought, sold = (
        [total(steps, sign, is_least=is_least) for is_least in (True, False)]
        for steps, sign in ((orders.bids, 1), (orders.offers, -1))
    )
    return [Reply(*said) for said in zip(*bought, *sold, strict=True)]


def _iterated(rng: random.Random) -> Judged:
    asked = _asked(rng, QUESTIONS_MAX)
    rounds, found = ask_prices(asked, asked.orders.names)
    outcome = rounds.outcome()
    found += _sound(asked.orders, outcome, set(rounds.heard), {}, is_converged=rounds.is_converged)
    if (
        not asked.silent
        and rounds.is_converged
        and (most := max_welfare(asked.orders)) != _true(asked.orders, outcome)
    ):
        found.append(f"welfare {_true(asked.orders, outcome)}, maximum {most}")
    if ask_prices(asked, _turned(rng, asked))[0].outcome() != outcome:
        found.append("the order of the answers matters")
    return Judged(found, bool(outcome.volume), asked)


def _turned(rng: random.Random, asked: Asked) -> list[str]:
    return rng.sample(asked.orders.names, len(asked.orders.names))


def ask_prices(asked: Asked, names: Sequence[str]) -> tuple[PriceRounds, list[str]]:
    """All questions about prices, answered by the members in an order, and who is taken for a liar."""
    rounds, found = PriceRounds(BAND, asked.k, asked.most, PRICES_MAX), []
    while prices := rounds.question():
        rounds.ask(prices)
        for name in names:
            replies = _replies(asked.orders, name, prices)
            if rounds.contradicts(name, replies):
                found.append(f"{name} tells the truth, and it is called a contradiction")
            if asked.answers(name, len(rounds.asked)):
                rounds.hear(name, replies)
    return rounds, found


def _bilateral(rng: random.Random) -> Judged:
    asked = _asked(rng, PAIR_QUESTIONS_MAX)
    mechanism = MECHANISMS["admm_bilateral"]
    rules = terms.random_rules(rng, mechanism, asked.orders)
    outcome, rounds = ask_pairs(asked, rules, asked.orders.names)
    premiums: dict[str, int] = {}
    for trade in outcome.trades:
        added = terms.premium(rules, trade.buyer, trade.seller) or 0
        premiums[trade.buyer] = premiums.get(trade.buyer, 0) + trade.quantity * added
    found = _sound(asked.orders, outcome, set(rounds.at_prices.heard), premiums, is_converged=rounds.is_converged)
    found += terms.findings(mechanism, outcome, rules)
    best = terms.best(mechanism, asked.orders, rules).welfare
    welfare = _true(asked.orders, outcome) + sum(premiums.values())
    if welfare > best:
        found.append(f"welfare {welfare} is above the maximum {best}")
    energy = sum(step.quantity for step in (*asked.orders.bids, *asked.orders.offers))
    least = NEAR_BEST * best - BAND_PART * (BAND[1] - BAND[0]) * energy
    if not asked.silent and rounds.is_converged and welfare < least:
        found.append(f"welfare {welfare}, maximum {best}, and the rounds have converged")
    if ask_pairs(asked, rules, _turned(rng, asked))[0] != outcome:
        found.append("the order of the answers matters")
    return Judged(found, bool(outcome.volume), (asked, rules))


def ask_pairs(asked: Asked, rules: Rules, names: Sequence[str]) -> tuple[Outcome, BilateralRounds]:
    """All questions about prices and pairs, answered in an order by the members' own rule for pairs."""
    rounds = BilateralRounds(PriceRounds(BAND, asked.k, QUESTIONS_MAX, PRICES_MAX), rules.preferences)
    for number in range(1, asked.most + 1):
        question = rounds.next(is_last=number == asked.most)
        if not question:
            break
        answering = [name for name in names if asked.answers(name, number)]
        if isinstance(question, tuple):
            rounds.at_prices.ask(question)
            for name in answering:
                rounds.at_prices.hear(name, _replies(asked.orders, name, question))
        else:
            members = question.members()
            for name in (name for name in answering if name in members):
                _propose(asked.orders, name, question)
    return rounds.outcome(), rounds


def _propose(orders: Orders, name: str, pairs: PairRounds) -> None:
    steps = [
        OrderStep(side=side, price_micro_per_kwh=step.price, energy_wh=step.quantity)
        for side, own in ((Side.BUY, orders.bids), (Side.SELL, orders.offers))
        for step in own
        if step.key == name
    ]
    said = [
        proposals(steps, side, [PairTerms(*row) for row in rows], pairs.rho)
        for side, rows in ((Side.SELL, pairs.sells(name)), (Side.BUY, pairs.buys(name)))
    ]
    pairs.hear(name, *said)


def _sound(
    orders: Orders, outcome: Outcome, heard: set[str], premiums: Mapping[str, int], *, is_converged: bool
) -> list[str]:
    """What holds whoever answers: balance, orders, money, nobody loses, and the note says what has not converged."""
    values, costs, found = auctions.worth(orders, outcome)
    found = [*found, *auctions.imbalances(outcome)]
    if found:
        return found
    gains = {name: values.get(name, 0) + premiums.get(name, 0) for name in {*values, *premiums}}
    found += auctions.losers(outcome, gains, costs)
    if outcome.surplus():
        found.append(f"budget balance is strong, surplus {outcome.surplus()}")
    if unheard := {*outcome.bought, *outcome.sold} - heard:
        found.append(f"{sorted(unheard)} have answered nothing and trade")
    if is_converged == outcome.note.startswith("not converged"):
        found.append(f"converged: {is_converged}, but the note is {outcome.note!r}")
    return found


def _true(orders: Orders, outcome: Outcome) -> int:
    """What the awards are worth by the orders that nobody sent [nano]."""
    bought = sum(best_value(orders.bids, key, wh, 1) or 0 for key, wh in outcome.bought.items())
    return bought - sum(best_value(orders.offers, key, wh, -1) or 0 for key, wh in outcome.sold.items())
