"""What the agents of one side answer to prices: the reply of every agent depends on its own curve and messages only.

Seller n proposes to sell x_nm >= 0 to each partner m. It minimises

    C_n(sum of x_nm) - sum of (price_nm - penalty_nm) x_nm + rho/2 sum of (x_nm - agreed_nm)^2

so x_nm = max(0, agreed_nm + (price_nm - penalty_nm - mu)/rho) with mu the marginal cost at the sum. A buyer does the
same with the marginal cost -U' and the price -price. The sum of x falls in mu, the curve rises, and both are straight
between their bends: mu stands on the line before the first bend behind which no more is proposed than traded.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
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

    @property
    def is_flat(self) -> bool:
        """True when every segment has one marginal cost: the steps of a book."""
        return not self.slope.any()

    def bends(self) -> Floats:
        """The marginal costs at which segments begin and end (n, 2 s), where all are flat (n, s)."""
        if self.is_flat:
            return self.start
        ends = self.start + self.slope * np.where(np.isinf(self.width), 0.0, self.width)
        return np.concatenate((self.start, ends), axis=1)

    def quantity(self, marginal: Floats) -> tuple[Floats, Floats]:
        """What each agent trades in total at k marginal costs (n, k), just below and just above each: both (n, k).

        The two differ where a segment without slope begins.
        """
        slope, width = self.slope[:, None], self.width[:, None]
        over = marginal[:, :, None] - self.start[:, None]
        below, above = np.where(over > 0, width, 0.0), np.where(over >= 0, width, 0.0)
        if not self.is_flat:
            flat = slope == 0
            sloped = np.minimum(np.maximum(over / np.where(flat, 1.0, slope), 0.0), width)
            below, above = np.where(flat, below, sloped), np.where(flat, above, sloped)
        return self.least[:, None] + below.sum(axis=2), self.least[:, None] + above.sum(axis=2)


def reply(agents: Agents, worth: Floats, agreed: Floats, rho: float) -> Floats:
    """The proposals (n, m) of agents to their partners.

    `worth` (n, m): price less penalty of each trade, `NEVER` where a pair may not trade; `agreed` (n, m): the middle
    of the last proposals of both sides. Rows do not depend on each other: each is the message of one agent.
    """
    if not worth.size:
        return np.zeros_like(worth)
    wanted = np.where(worth == NEVER, NEVER, worth + rho * agreed)
    answer: Floats = np.maximum(0.0, wanted - _marginal(agents, wanted, rho)[:, None]) / rho
    return answer


def _marginal(agents: Agents, wanted: Floats, rho: float) -> Floats:
    """The lowest marginal cost of each agent (n,) at which its proposals are no more than its curve trades."""
    bends = agents.bends()
    at = np.sort(np.concatenate((np.where(wanted == NEVER, bends[:, :1], wanted), bends), axis=1), axis=1)
    gain = wanted[:, None] - at[:, :, None]
    proposed = np.maximum(0.0, gain, out=gain).sum(axis=2) / rho
    least, most = agents.quantity(at)
    row, end = np.arange(len(at)), (proposed <= most).argmax(axis=1)
    begin = np.maximum(end - 1, 0)
    left, right = at[row, begin], at[row, end]
    short = proposed[row, end] - least[row, end]
    over = np.where(end > 0, proposed[row, begin] - most[row, begin], 1.0)
    inside = left + (right - left) * over / np.maximum(over - short, over)
    partners = np.maximum(1, (wanted != NEVER).sum(axis=1))
    below_all = right + np.minimum(short, 0.0) * rho / partners
    found: Floats = np.where(short > 0, right, np.where(end > 0, inside, below_all))
    return found
