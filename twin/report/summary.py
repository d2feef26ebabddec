"""The numbers of results.json with types, and what follows from them: totals, savings, who gains and who loses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Money = Mapping[str, float]  # per home [currency]

SCHEMES = ("unmanaged", "ems", "market")
SCHEME_NAMES = {"unmanaged": "Unmanaged", "ems": "Each home alone", "market": "Trading together"}
STORED_NOTICED_KWH = 0.5  # more than that in store at the end is told of a home that pays more
_ONE_NANO = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The state of the books at the end: how many entries, what they sum to [nano], and the log's head."""

    entries: int
    sum_nano: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in numbers. None: not known for this run (for instance no optimum, or nothing was traded)."""

    homes: tuple[str, ...]
    slots: int
    slot_minutes: int
    seed: int
    mechanism: str
    foresight: str
    cost: Mapping[str, Money]
    community_optimum: float | None
    efficiency: float | None
    traded_kwh: float
    imbalance_kwh: float
    local_share: float | None
    self_sufficiency: float | None
    peak_import_kw: Mapping[str, float]
    price: Mapping[str, float | None]
    ledger: Ledger
    plans: int
    orders: int
    takes_orders: bool = True  # False under a rule that divides what was metered
    operator_balance: float = 0.0
    stored_change_kwh: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def total(self, scheme: str) -> float:
        """What all homes pay together under a scheme."""
        return sum(self.cost[scheme].values())

    def trading_saves(self, home: str) -> float:
        """What trading saves a home against managing alone; negative when it pays more."""
        return self.cost["ems"][home] - self.cost["market"][home]

    def stored_more_kwh(self, home: str) -> float:
        """What a home that trades has more in store at the end than alone [kWh]; 0 where the results do not say."""
        change = self.stored_change_kwh
        return change["market"][home] - change["ems"][home] if change else 0.0

    @property
    def gainers(self) -> tuple[str, ...]:
        """Homes that trading makes better off, the largest gain first."""
        gains = [home for home in self.homes if self.trading_saves(home) >= _ONE_NANO]
        return tuple(sorted(gains, key=lambda home: (-self.trading_saves(home), home)))

    @property
    def losers(self) -> tuple[str, ...]:
        """Homes that pay more when they trade than alone, however little, the largest loss first."""
        losses = [home for home in self.homes if self.trading_saves(home) <= -_ONE_NANO]
        return tuple(sorted(losses, key=lambda home: (self.trading_saves(home), home)))


def summary(results: Mapping[str, Any]) -> Summary:
    """The summary of results.json; Raises: KeyError naming a key that is not there."""
    ledger = results["ledger"]
    return Summary(
        homes=tuple(results["homes"]),
        slots=results["slots"],
        slot_minutes=results["slot_minutes"],
        seed=results["seed"],
        mechanism=results["mechanism"],
        foresight=results["foresight"],
        cost={scheme: results["cost"][scheme] for scheme in SCHEMES},
        community_optimum=results["community_optimum"],
        efficiency=results["efficiency"],
        traded_kwh=results["traded_kwh"],
        imbalance_kwh=results["imbalance_kwh"],
        local_share=results["local_share"],
        self_sufficiency=results["self_sufficiency"],
        peak_import_kw=results["peak_import_kw"],
        price=results["price"],
        ledger=Ledger(entries=ledger["entries"], sum_nano=ledger["sum_nano"], head=ledger["head"]),
        plans=results["plans"],
        orders=results["orders"],
        takes_orders=results.get("takes_orders", True),
        operator_balance=results.get("operator_balance", 0.0),
        stored_change_kwh=results.get("stored_change_kwh", {}),
    )
