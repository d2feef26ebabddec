"""What the report page shows: the results of a run and the series behind its pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Step = tuple[float, float]  # price [currency/kWh], energy [kWh]
Reason = tuple[str, str, str, float, str, str]  # time, home, device, power [kW], code, text


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeInfo:
    """A home as the page names it; `notes` says what of it is measured and what is assumed."""

    label: str
    devices: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleHome:
    """One plan of one home and what then happened; every series starts at slot `plan_start` of `ReportData.times`.

    Power is net at the meter, positive from the grid [kW]; state of charge is a fraction at the end of each slot,
    empty without a battery; `marginal_price` is what one more kWh would have cost in the plan [currency/kWh].
    Series of what happened may be shorter than the plan when the run ended first.
    """

    home: str
    plan_start: int
    plan_net_kw: tuple[float, ...]
    happened_net_kw: tuple[float, ...]
    marginal_price: tuple[float, ...]
    plan_soc: tuple[float, ...] = ()
    happened_soc: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCurve:
    """The book of one slot (an index into `ReportData.times`) and how it cleared.

    Steps are (price [currency/kWh], energy [kWh]), best first: demand falls, supply rises. `price` None: no trade.
    """

    slot: int
    demand: tuple[Step, ...]
    supply: tuple[Step, ...]
    price: float | None
    volume_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything the page shows.

    `results` is the content of results.json. Series have one value per slot of `times` (slot starts, RFC 3339 UTC):
    `price` is None where nothing was traded; `net_kwh` is the community's net import per scheme (unmanaged, ems,
    market). `flows` [kWh] are those of the market scheme over the whole run; import_kwh and export_kwh are what the
    community exchanged with the grid, trade between homes not included.
    """

    results: Mapping[str, Any]
    currency: str
    times: tuple[str, ...]
    price: tuple[float | None, ...]
    retail: tuple[float, ...]
    feed_in: tuple[float, ...]
    traded_kwh: tuple[float, ...]
    net_kwh: Mapping[str, tuple[float, ...]]
    homes: Mapping[str, HomeInfo]
    flows: Mapping[str, float]
    example: ExampleHome | None = None
    curve: MarketCurve | None = None
    reasons: tuple[Reason, ...] = field(default=())

    def label(self, home: str) -> str:
        """The home's name on the page."""
        info = self.homes.get(home)
        return home if info is None else info.label
