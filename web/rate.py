"""How often a peer may ask: a bucket of tokens per peer, refilled evenly. Pure: the time is an argument."""

from collections import OrderedDict
from dataclasses import dataclass, field

PEERS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`per_s` requests per second on average, at most `burst` at once."""

    per_s: float
    burst: int


@dataclass(slots=True)
class RateLimit:
    """One rate for every peer; of more than 1,000 peers the one that was longest silent is forgotten."""

    rate: Rate
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  # peer -> tokens, at [s]

    def wait_s(self, peer: str, now_s: float) -> float:
        """0 when the peer may ask now, which counts; else after how many seconds it may."""
        tokens, at_s = self._left.pop(peer, (float(self.rate.burst), now_s))
        tokens = min(float(self.rate.burst), tokens + max(0.0, now_s - at_s) * self.rate.per_s)
        is_allowed = tokens >= 1.0
        self._left[peer] = (tokens - 1.0 if is_allowed else tokens, now_s)
        if len(self._left) > PEERS_MAX:
            self._left.popitem(last=False)
        return 0.0 if is_allowed else (1.0 - tokens) / self.rate.per_s
