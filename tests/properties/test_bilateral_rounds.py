"""Bilateral consensus in questions: the same rounds as in floats, near the best, never beyond the orders."""

import numpy as np
from bilateral_rig import asked_in_rounds, propose
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from test_price_rounds import BAND, ORDERS, SILENT, Orders

from broker.clearing import preference
from broker.clearing.book import Book, Step, book_side
from broker.clearing.consensus.agents import Agents, reply
from broker.clearing.consensus.pair_rounds import Start, starting
from broker.clearing.consensus.protocol import Consensus
from broker.clearing.outcome import Outcome, Rules
from broker.clearing.preferences import Preference
from hems.bidding.proposals import proposals
from wire.messages import PAIR_QUESTIONS_MAX, OrderStep, PairTerms, Side

TERMS = TypeAdapter(PairTerms)
SIDES = st.sampled_from([Side.BUY, Side.SELL])
STEPS = st.lists(st.tuples(st.integers(*BAND), st.integers(1, 4_000)), min_size=1, max_size=6)
ROWS = st.lists(st.tuples(st.integers(*BAND), st.integers(0, 4_000_000)), min_size=1, max_size=6)
WISHES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        Preference,
        partners=st.none() | st.frozensets(st.sampled_from("abcdef"), min_size=1),
        premiums=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30_000), max_size=3),
    ),
    max_size=4,
)


def curve(steps: list[tuple[int, int]], sign: int) -> Agents:
    """The steps as one agent of the broker's, in kWh and micro/kWh."""
    ordered = sorted((sign * price, energy / 1000) for price, energy in steps)
    start, width = (np.array([column], dtype=float) for column in zip(*ordered, strict=True))
    return Agents(names=("a",), start=start, slope=np.zeros_like(start), width=width, least=np.zeros(1))


@settings(max_examples=60)
@given(SIDES, STEPS, ROWS, st.integers(20_000, 5_000_000))
def test_a_home_proposes_what_the_agent_of_the_broker_would(
    side: Side, steps: list[tuple[int, int]], rows: list[tuple[int, int]], rho: int
) -> None:
    order = [OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy) for price, energy in steps]
    said = proposals(order, side, [PairTerms("0" * 16, *row) for row in rows], rho)
    sign = 1 if side is Side.SELL else -1
    worth = np.array([[float(sign * price) for price, _ in rows]])
    agreed = np.array([[energy / 1e6 for _, energy in rows]])
    expected = reply(curve(steps, sign), worth, agreed, float(rho))[0]
    assert np.allclose(np.array(said) / 1e6, expected, atol=3e-6)
    assert 0 <= sum(said) <= 1000 * sum(energy for _, energy in steps)


@settings(max_examples=20)
@given(st.tuples(STEPS, STEPS, STEPS, STEPS), st.integers(*BAND))
def test_rounds_in_whole_numbers_follow_those_in_floats(found: tuple[list[tuple[int, int]], ...], price: int) -> None:
    steps = dict(zip("abcd", found, strict=True))
    nothing = dict.fromkeys("ab", 0), dict.fromkeys("cd", 0)
    whole = starting(Start(price, *nothing), [2_000] * 4, BAND[1] - BAND[0], {})
    sellers, buyers = ([curve(steps[name], sign) for name in names] for names, sign in (("ab", 1), ("cd", -1)))
    floats = Consensus(
        joined(sellers), joined(buyers), np.zeros((2, 2)), np.ones((2, 2)), price=float(price), rho=float(whole.rho)
    )
    orders = {
        name: tuple(
            OrderStep(side=Side.SELL if name in "ab" else Side.BUY, price_micro_per_kwh=limit, energy_wh=energy)
            for limit, energy in steps[name]
        )
        for name in steps
    }
    for _ in range(4):  # rho stays as it is
        propose(whole, orders)
        whole.step()
        floats.step()
    assert np.allclose(np.array(whole.agreed) / 1e6, floats.agreed, atol=1e-4)
    assert np.allclose(np.array(whole.price), floats.price, atol=1e-4 * whole.rho + 10)


def joined(agents: list[Agents]) -> Agents:
    most = max(agent.start.shape[1] for agent in agents)

    def padded(name: str, value: float) -> np.ndarray:
        rows = [getattr(agent, name)[0] for agent in agents]
        return np.array([[*row, *[value] * (most - len(row))] for row in rows])

    start = padded("start", 1e9)
    return Agents(
        names=("a", "b"), start=start, slope=np.zeros_like(start), width=padded("width", 0.0), least=np.zeros(2)
    )


def holds_for_everyone(orders: Orders, outcome: Outcome, wishes: dict[str, Preference]) -> int:
    """Balance, energy and money of every member against its own order; returns the true welfare [nano]."""
    assert sum(outcome.bought.values()) == sum(outcome.sold.values()) == outcome.volume
    assert outcome.surplus() == 0
    welfare = 0
    premium = dict.fromkeys(orders, 0)
    for trade in outcome.trades:
        wish = wishes.get(trade.buyer, Preference())
        assert trade.buyer != trade.seller
        assert wish.partners is None or trade.seller in wish.partners
        premium[trade.buyer] += trade.quantity * wish.premiums.get(trade.seller, 0)
    for name, steps in orders.items():
        bids = sorted(((s.price_micro_per_kwh, s.energy_wh) for s in steps if s.side is Side.BUY), reverse=True)
        offers = sorted((s.price_micro_per_kwh, s.energy_wh) for s in steps if s.side is Side.SELL)
        value = worth(bids, outcome.bought.get(name, 0)) + premium[name]
        cost = worth(offers, outcome.sold.get(name, 0))
        assert outcome.payment_of(name) <= value
        assert outcome.receipt_of(name) >= cost
        welfare += value - cost
    return welfare


def worth(steps: list[tuple[int, int]], energy_wh: int) -> int:
    total = 0
    for price, energy in steps:
        part = min(energy, energy_wh)
        total, energy_wh = total + part * price, energy_wh - part
    assert energy_wh == 0, "more than the order"
    return total


@settings(max_examples=10)
@given(SIDES, st.integers(0, 30_000))
def test_who_wants_more_at_any_price_moves_it_no_further_than_a_message_carries(liar: Side, premium: int) -> None:
    names = [f"{number:02}" for number in range(64)]
    sold, bought = dict.fromkeys((f"s{n}" for n in names), 1), dict.fromkeys((f"b{n}" for n in names), 1)
    (sold if liar is Side.SELL else bought)[f"{'s' if liar is Side.SELL else 'b'}00"] = 27_500
    wishes = {"b00": Preference(premiums={"s00": premium})}
    rounds = starting(Start(300_000, sold, bought), [*sold.values(), *bought.values()], BAND[1] - BAND[0], wishes)
    nothing = [0] * len(names)
    for _ in range(PAIR_QUESTIONS_MAX):
        for name in (*sold, *bought):
            wanted = (
                [27_500_000, *nothing[1:]] if (name, liar) in (("s00", Side.SELL), ("b00", Side.BUY)) else nothing
            )
            rounds.hear(name, *((wanted, []) if name in sold else ([], wanted)))
        rounds.step()
        for row in (*rounds.sells("s00"), *rounds.buys("b00")):
            TERMS.validate_python((f"{1:016x}", row.price, row.agreed))
    prices = [row.price for row in (*rounds.sells("s00"), *rounds.buys("b00"))]
    assert max(map(abs, prices)) == 10**9, "the lie went on for long enough"


@settings(max_examples=20)
@given(ORDERS, WISHES)
def test_when_the_rounds_converge_the_welfare_is_near_the_best(orders: Orders, wishes: dict[str, Preference]) -> None:
    rounds = asked_in_rounds(orders, BAND, PAIR_QUESTIONS_MAX, wishes)
    outcome = rounds.outcome()
    welfare = holds_for_everyone(orders, outcome, wishes)
    steps = [
        book_side(
            Step(name, step.price_micro_per_kwh, step.energy_wh)
            for name, order in sorted(orders.items())
            for step in order
            if step.side is side
        )
        for side in (Side.BUY, Side.SELL)
    ]
    best = preference.clear(Book(*steps), Rules(preferences=wishes)).welfare
    assert (outcome.note == "") == rounds.is_converged
    assert welfare <= best  # nobody sells to itself in an order whose buys are below its sells
    if rounds.is_converged:
        energy = sum(step.energy_wh for order in orders.values() for step in order)
        assert welfare >= 0.9 * best - (BAND[1] - BAND[0]) * 0.02 * energy


def test_all_of_one_wh_and_nothing_of_it_is_no_agreement() -> None:
    orders = {
        "a": (OrderStep(side=Side.BUY, price_micro_per_kwh=220_000, energy_wh=1),),
        "b": (OrderStep(side=Side.SELL, price_micro_per_kwh=247_585, energy_wh=1),),
    }
    rounds = asked_in_rounds(orders, BAND, PAIR_QUESTIONS_MAX, {"a": Preference(premiums={"b": 67_905})})
    assert rounds.is_converged
    assert rounds.outcome().volume == 1, "the premium makes the buyer's limit reach the seller's"


@settings(max_examples=25)
@given(ORDERS, WISHES, SILENT, st.integers(1, 12))
def test_silence_and_early_ends_keep_balance_limits_and_partners(
    orders: Orders, wishes: dict[str, Preference], silent: set[tuple[str, int]], most: int
) -> None:
    rounds = asked_in_rounds(orders, BAND, most, wishes, silent)
    outcome = rounds.outcome()
    holds_for_everyone(orders, outcome, wishes)
    assert set(outcome.bought) | set(outcome.sold) <= set(rounds.at_prices.heard)


def test_wishes_count_where_the_questions_end_before_the_first_about_pairs() -> None:
    """One question only: who buys green energy or from a partner alone gets nothing else."""
    orders = {
        name: (OrderStep(side=side, price_micro_per_kwh=price, energy_wh=500),)
        for name, side, price in (
            ("a", Side.BUY, 400_000),
            ("b", Side.BUY, 300_000),
            ("c", Side.SELL, 100_000),
            ("d", Side.SELL, 200_000),
        )
    }
    wishes = {"a": Preference(min_quality="green"), "b": Preference(partners=frozenset("d"))}
    rounds = asked_in_rounds(orders, BAND, 1, wishes)
    outcome = rounds.outcome()
    assert (dict(outcome.bought), dict(outcome.sold)) == ({"b": 500}, {"d": 500})
    assert not rounds.is_converged
    assert outcome.note == "not converged: the questions ended before the first about pairs"


def test_too_many_pairs_are_asked_for_one_price_and_it_is_said() -> None:
    orders = {
        f"{side}{i:03d}": (OrderStep(side=side, price_micro_per_kwh=price, energy_wh=100 + i),)
        for side, price in ((Side.BUY, 300_000), (Side.SELL, 200_000))
        for i in range(65)
    }
    outcome = asked_in_rounds(orders, BAND, PAIR_QUESTIONS_MAX).outcome()
    assert outcome.volume == sum(100 + i for i in range(65))
    assert outcome.note == "4225 pairs are too many: one price for all"
    buyers = sorted(name for name, (step,) in orders.items() if step.side is Side.BUY)
    wishes = {buyers[0]: Preference(min_quality="green"), buyers[1]: Preference(partners=frozenset({"sell009"}))}
    rounds = asked_in_rounds(orders, BAND, PAIR_QUESTIONS_MAX, wishes)
    outcome = rounds.outcome()
    holds_for_everyone(orders, outcome, wishes)
    assert outcome.note == "4225 pairs are too many: by preference"
    assert buyers[0] not in outcome.bought
    assert {t.seller for t in outcome.trades if t.buyer == buyers[1]} == {"sell009"}
    early = asked_in_rounds(orders, BAND, 1, wishes).outcome()
    assert "by preference; not converged" in early.note
    assert buyers[0] not in early.bought
