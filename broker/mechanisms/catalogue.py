"""The one table of all mechanisms by name."""

from broker.mechanisms.auctions import AUCTIONS
from broker.mechanisms.contracts import CONTRACTS
from broker.mechanisms.mechanism import Mechanism
from broker.mechanisms.network_markets import NETWORK_MARKETS
from broker.mechanisms.sharing_rules import SHARING_RULES

MECHANISMS: dict[str, Mechanism] = {m.name: m for m in (*AUCTIONS, *NETWORK_MARKETS, *SHARING_RULES, *CONTRACTS)}
LIVE: dict[str, Mechanism] = {name: m for name, m in MECHANISMS.items() if m.is_live}
