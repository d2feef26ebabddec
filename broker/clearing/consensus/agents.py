"""What the agents of one side answer to prices: the reply of every agent depends on its own curve and messages only.

Seller n proposes to sell x_nm >= 0 to each partner m. It minimises

    C_n(sum of x_nm) - sum of (price_nm - penalty_nm) x_nm + rho/2 sum of (x_nm - agreed_nm)^2

so x_nm = max(0, agreed_nm + (price_nm - penalty_nm - mu)/rho) with mu the marginal cost at the sum. A buyer does the
same with the marginal cost -U' and the price -price. mu is found by halving: the sum of x falls in it, the curve
rises.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HALVINGS = 60
NEVER = -1e300


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """The curves of n agents as s segments of marginal cost: from `start` with `slope` over `width`, each (n, s).

    `least` (n,): what an agent trades at any price. Padding segments have no width.
    """

    names: tuple[str, ...]
    start: Floats
    slope: Floats
    width: Floats
    least: Floats

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, chosen: slice) -> "Agents":
        """Some of the agents."""
        return Agents(
            names=self.names[chosen],
            start=self.start[chosen],
            slope=self.slope[chosen],
            width=self.width[chosen],
            least=self.least[chosen],
        )

    def quantity(self, marginal: Floats) -> Floats:
        """What each agent trades in total at its marginal cost (n,)."""
        above = marginal[:, None] - self.start
        flat = self.slope == 0
        taken = np.where(flat, np.where(above > 0, self.width, 0.0), above / np.where(flat, 1.0, self.slope))
        total: Floats = self.least + np.clip(taken, 0.0, self.width).sum(axis=1)
        return total


def reply(agents: Agents, worth: Floats, agreed: Floats, rho: float) -> Floats:
    """The proposals (n, m) of agents to their partners.

    `worth` (n, m): price less penalty of each trade, `NEVER` where a pair may not trade; `agreed` (n, m): the middle
    of the last proposals of both sides. Rows do not depend on each other: each is the message of one agent.
    """
    if not worth.size:
        return np.zeros_like(worth)
    wanted = np.where(worth == NEVER, NEVER, worth + rho * agreed)
    bound = np.where(wanted == NEVER, np.inf, wanted).min(axis=1)
    floor = np.minimum(np.where(np.isinf(bound), 0.0, bound), agents.start.min(axis=1))
    low = floor - rho * agents.least - rho
    high = np.maximum(np.maximum(wanted.max(axis=1), low), floor) + rho
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_low = _sum(wanted, middle, rho) > agents.quantity(middle)
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    answer: Floats = np.maximum(0.0, wanted - high[:, None]) / rho
    return answer


def _sum(wanted: Floats, marginal: Floats, rho: float) -> Floats:
    total: Floats = np.maximum(0.0, wanted - marginal[:, None]).sum(axis=1) / rho
    return total
