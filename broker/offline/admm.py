"""The document of a bilateral market by consensus: agents with quadratic costs, and penalties per pair.

An agent has `a`, `b` and `sign`: 1 sells at the marginal cost `b + a p`, -1 buys with the marginal value `b - a p`,
where p is what it trades; `p_min`, `p_max` limit p. `pref` holds penalties per kWh: {"L1": {"G1": 2}} is what L1
loses by each kWh that comes from G1; "L1->G1": 2 and "G1->L1": 2 say the same with the first one losing; {"G1": 2}
holds for all trades of G1. A penalty moves the price of the pair: sellers with it sell at `price - penalty`, buyers
buy where `price + penalty = marginal value`.

`power` is + for sellers, - for buyers. `price` is one number without penalties, else an object with the price of
every trade ("G1->L1") and the marginal cost or value of every agent; `trade_price` and `price_at` have them apart.
"""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from broker.clearing.consensus.agents import Agents, Floats
from broker.clearing.consensus.protocol import Agreement, Consensus, Target
from broker.offline.decimal_book import Finding
from broker.offline.fields import Fields, top
from broker.offline.orders import pair, sign_of

EXAMPLE = '{"agents": [{"id": "G1", "a": 0.1, "b": 10, "sign": 1}], "pref": {"L1": {"G1": 2}}}'
TRADES = 1e-6
LARGEST = 10**12
AGENT = '{"id": "G1", "a": 0.1, "b": 10, "sign": 1}'


class _Agent(NamedTuple):
    id: str
    a: float
    b: float
    sign: int
    least: float
    most: float


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Prices, powers and trades, and how the rounds ended."""
    fields = top(document, EXAMPLE)
    agents = read_agents(fields)
    own = _penalties(fields.table("pref", '{"L1": {"G1": 2}}'), {agent.id for agent in agents})
    rounds = fields.number("iterations_max", "rounds", least=1, most=10**5, default=2_000)
    if fields.findings:
        return fields.findings
    sellers = sorted((agent for agent in agents if agent.sign > 0), key=lambda agent: agent.id)
    buyers = sorted((agent for agent in agents if agent.sign < 0), key=lambda agent: agent.id)
    lost = [[[own.get((x, y), 0.0) for x, y in ((s.id, b.id), (b.id, s.id))] for b in buyers] for s in sellers]
    by_pair = np.array(lost, dtype=float).reshape(len(sellers), len(buyers), 2)
    return _result(sellers, buyers, by_pair, _agreed(sellers, buyers, by_pair, int(rounds)))


def _agreed(sellers: list[_Agent], buyers: list[_Agent], lost: Floats, rounds: int) -> Agreement:
    """The agreement, found in parts of the spread of prices and of the energy that agents trade over it."""
    prices = [agent.b for agent in (*sellers, *buyers)] or [0.0]
    middle, spread = (max(prices) + min(prices)) / 2, max(1e-9, max(prices) - min(prices))
    sizes = [min(agent.most, spread / agent.a if agent.a else agent.most) for agent in (*sellers, *buyers)]
    energy = max([1e-9, *(size for size in sizes if np.isfinite(size))])
    consensus = Consensus(
        _curves(sellers, middle, spread, energy),
        _curves(buyers, middle, spread, energy),
        lost.sum(axis=2) / spread,
        np.ones(lost.shape[:2]),
        price=0.0,
        rho=1.0,
    )
    found = consensus.agree(Target(rounds_max=rounds))
    # the rounds charge all penalties to the buyer; a seller's own penalty is part of the price it is paid
    price = found.price * spread + middle + lost[:, :, 0]
    return Agreement(energy=found.energy * energy, price=price, report=found.report)


def _curves(side: list[_Agent], middle: float, spread: float, energy: float) -> Agents:
    def column(values: list[float]) -> Floats:
        return np.array(values, dtype=float).reshape(len(side), 1)

    start = [agent.sign * (agent.b - middle) / spread + agent.a * agent.least / spread for agent in side]
    return Agents(
        names=tuple(agent.id for agent in side),
        start=column(start),
        slope=column([agent.a * energy / spread for agent in side]),
        width=column([(agent.most - agent.least) / energy for agent in side]),
        least=np.array([agent.least / energy for agent in side]),
    )


def _result(sellers: list[_Agent], buyers: list[_Agent], lost: Floats, agreement: Agreement) -> dict[str, Any]:
    energy, report = agreement.energy, agreement.report
    power = {s.id: float(energy[i].sum()) for i, s in enumerate(sellers)}
    power |= {b.id: 0.0 - float(energy[:, j].sum()) for j, b in enumerate(buyers)}
    scale = max([1.0, *(abs(value) for value in power.values())])
    trades, prices = {}, {}
    for i, seller in enumerate(sellers):
        for j, buyer in enumerate(buyers):
            if energy[i, j] > TRADES * scale:
                trades[f"{seller.id}->{buyer.id}"] = float(energy[i, j])
                prices[f"{seller.id}->{buyer.id}"] = float(agreement.price[i, j])
    marginal = {agent.id: agent.b + agent.a * power[agent.id] for agent in (*sellers, *buyers)}
    return {
        "price": _price(trades, prices, marginal, differs=bool(lost.any())),
        "power": power,
        "trades": trades,
        "trade_price": prices,
        "price_at": marginal,
        "volume": float(energy.sum()),
        "welfare": _welfare([*sellers, *buyers], power) - float((energy * lost.sum(axis=2)).sum()),
        "iterations": report.iterations,
        "converged": report.converged,
        "primal_residual": report.primal_residual,
        "dual_residual": report.dual_residual,
        "target": {"primal": Target().primal, "dual": Target().dual},
    }


def _price(trades: dict[str, float], prices: dict[str, float], marginal: dict[str, float], *, differs: bool) -> Any:
    if differs or not trades:
        return {**prices, **marginal} if trades else None
    return sum(prices[pair] * energy for pair, energy in trades.items()) / sum(trades.values())


def _welfare(agents: list[_Agent], power: dict[str, float]) -> float:
    return -sum(agent.b * power[agent.id] + agent.a * power[agent.id] ** 2 / 2 for agent in agents)


def read_agents(fields: Fields) -> list[_Agent]:
    """The agents of a document."""
    agents = [_agent(row) for row in fields.rows("agents", AGENT)]
    counts = Counter(agent.id for agent in agents)
    for name in sorted(name for name, count in counts.items() if count > 1):
        fields.wrong("agents", f"{name!r} stands twice", "give every agent its own id")
    return agents


def _agent(row: Fields) -> _Agent:
    a = row.number("a", "currency per kWh and kWh", least=0, most=LARGEST)
    b = row.number("b", "currency per kWh", least=-LARGEST, most=LARGEST)
    least = row.number("p_min", "kWh", least=0, most=LARGEST, default=0)
    most = row.number("p_max", "kWh", least=least, most=LARGEST) if "p_max" in row else None
    if a == 0 and most is None:
        row.wrong("a", "is 0 without p_max", "give the slope of the marginal cost, or a limit p_max")
    limit = float("inf") if most is None else float(most)
    return _Agent(row.text("id"), float(a), float(b), sign_of(row), float(least), limit)


def _penalties(table: Fields, names: set[str]) -> dict[tuple[str, str], float]:
    """What the first agent loses per kWh that it trades with the second."""
    found: dict[tuple[str, str], float] = {}

    def add(both: tuple[str, str], at: Fields, key: str) -> None:
        if not names.issuperset(both):
            at.wrong(key, "names an unknown agent", "use ids of agents")
        penalty = at.number(key, "currency per kWh", least=-LARGEST, most=LARGEST)
        found[both] = found.get(both, 0.0) + float(penalty)

    for key, value in table.entry.items():
        if isinstance(value, dict):
            own = table.inside(key, '{"G1": 2}')
            for partner in value:
                add((key, partner), own, partner)
        elif key in names:
            for partner in sorted(names - {key}):
                add((key, partner), table, key)
        elif (both := pair(table, key, names, names)) is not None:
            add(both, table, key)
    return found
