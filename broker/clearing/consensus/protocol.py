"""The rounds of the consensus: proposals, prices of the pairs, and when they agree.

Every round each agent sends each partner one number, what it proposes to trade (`Proposal`). Both then know the
middle of the two proposals and the new price of their pair

    agreed = (x_sell + x_buy) / 2        price += rho/2 (x_buy - x_sell)

and answer again (`agents.reply`). Nothing else is exchanged: no curve leaves its agent. The broker only sums
residuals: primal |x_sell - x_buy| and dual rho |change of agreed|, each as root of the summed squares over all pairs.
It stops the rounds when both are below the target, and doubles or halves rho while one is ten times the other.

Source: Sorin, Bobo & Pinson 2019 (doi 10.1109/TPWRS.2018.2872880), consensus with product differentiation; Boyd et
al. 2011 (doi 10.1561/2200000016), residuals and rho.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from broker.clearing.consensus.agents import NEVER, Agents, Floats, reply

BALANCE_EVERY, BALANCE_UNTIL, BALANCE_RATIO = 10, 400, 10.0


class Proposal(NamedTuple):
    """What an agent sends to a partner in a round: the energy it proposes to trade at the price of their pair."""

    round: int
    sender: str
    receiver: str
    energy: float


class Target(NamedTuple):
    """When the rounds end: residuals relative to the size of all trades and prices, and the most rounds."""

    primal: float = 1e-9
    dual: float = 1e-9
    rounds_max: int = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the rounds ended: `converged` when both residuals reached the target."""

    iterations: int
    primal_residual: float
    dual_residual: float
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Trades and prices of all pairs, sellers by buyers (n, m); energy is the middle of the last proposals."""

    energy: Floats
    price: Floats
    report: Report


class Consensus:
    """The state of the rounds; prices and agreed energies start at a common price and nothing."""

    def __init__(
        self, sellers: Agents, buyers: Agents, penalties: Floats, allowed: Floats, *, price: float, rho: float
    ) -> None:
        """`penalties` and `allowed` (0 or 1): sellers by buyers. A penalty is borne by the buyer of the pair."""
        self.sellers, self.buyers = sellers, buyers
        self.penalties, self.allowed = penalties, allowed > 0
        self.price = np.full(penalties.shape, price)
        self.agreed = np.zeros(penalties.shape)
        self.rho, self.round = rho, 0
        self.primal = self.dual = np.inf

    def step(self) -> tuple[Floats, Floats]:
        """One round: the proposals of sellers and of buyers (n, m), after which prices and residuals are new."""
        offered = reply(self.sellers, np.where(self.allowed, self.price, NEVER), self.agreed, self.rho)
        worth = np.where(self.allowed, -self.price - self.penalties, NEVER)
        asked = reply(self.buyers, worth.T, self.agreed.T, self.rho).T
        agreed = (offered + asked) / 2
        self.price = self.price + self.rho / 2 * (asked - offered)
        self.primal = float(np.sqrt(((asked - offered) ** 2).sum()))
        self.dual = float(self.rho * np.sqrt(((agreed - self.agreed) ** 2).sum()))
        self.agreed, self.round = agreed, self.round + 1
        return offered, asked

    def messages(self, offered: Floats, asked: Floats) -> Iterator[Proposal]:
        """The proposals of a round as messages."""
        for i, seller in enumerate(self.sellers.names):
            for j, buyer in enumerate(self.buyers.names):
                if self.allowed[i, j]:
                    yield Proposal(self.round, seller, buyer, float(offered[i, j]))
                    yield Proposal(self.round, buyer, seller, float(asked[i, j]))

    def agree(self, target: Target) -> Agreement:
        """Rounds until the target or the last one; what is agreed then is the best that is known."""
        reached = not self.price.size
        while not reached and self.round < target.rounds_max:
            self.step()
            size = max(1.0, float(np.sqrt((self.agreed**2).sum())))
            worth = max(1.0, float(np.sqrt((self.price**2).sum())))
            reached = self.primal <= target.primal * size and self.dual <= target.dual * worth
            if self.round % BALANCE_EVERY == 0 and self.round < BALANCE_UNTIL:
                self._balance_residuals(size, worth)
        report = Report(
            iterations=self.round,
            primal_residual=0.0 if not self.price.size else self.primal,
            dual_residual=0.0 if not self.price.size else self.dual,
            converged=reached,
        )
        return Agreement(energy=self.agreed, price=self.price, report=report)

    def _balance_residuals(self, size: float, worth: float) -> None:
        primal, dual = self.primal / size, self.dual / worth
        if primal > BALANCE_RATIO * dual:
            self.rho *= 2
        elif dual > BALANCE_RATIO * primal:
            self.rho /= 2
