"""What happens to a community in its counted slots: costs, energies, and what the market said."""

from dataclasses import dataclass, field

from hems.bidding.steps import Step
from hems.site.home import BatteryUnit, EvUnit, PvUnit
from twin.observation import Observation
from twin.plant import Plant
from twin.programmes import missed_runs
from twin.world import World
from wire import messages as m
from wire.quantities import NANO_PER_UNIT

MECHANISM = "uniform_price_k_double_auction"


@dataclass(slots=True)
class Trace:
    """What happened in the counted slots: cost per home [nano], net import per home and slot [kWh].

    `unserved_kwh` is what cars did not get, `missed_runs` what appliances owed; `flows_kwh` sums up devices by kind.
    """

    cost_nano: dict[str, int] = field(default_factory=dict)
    net_kwh: dict[str, list[float]] = field(default_factory=dict)
    stored_change_kwh: dict[str, float] = field(default_factory=dict)
    unserved_kwh: dict[str, float] = field(default_factory=dict)
    discomfort: dict[str, float] = field(default_factory=dict)
    missed_runs: dict[str, int] = field(default_factory=dict)
    flows_kwh: dict[str, float] = field(default_factory=dict)
    used_kwh: float = 0.0
    plans: int = 0

    def cost(self, world: World) -> dict[str, float]:
        """Cost per home with the worth of stored energy and the price of discomfort [currency]."""
        return {
            name: nano / NANO_PER_UNIT + world.stored.cost(self.stored_change_kwh[name]) + self.discomfort[name]
            for name, nano in self.cost_nano.items()
        }


@dataclass(slots=True)
class MarketTrace(Trace):
    """A trading community's trace: clearings and settlements of the counted slots, and the books at the end.

    `awarded_wh` is what homes were awarded: (bought, sold) by slot and home, both where it did both.
    """

    clearings: list[m.Clearing] = field(default_factory=list)
    settlements: list[m.Settlement] = field(default_factory=list)
    awarded_wh: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    observation: Observation = field(default_factory=Observation)
    asked: dict[str, dict[str, tuple[Step, ...]]] = field(default_factory=dict)  # steps by slot and home
    mechanism: str = MECHANISM
    orders: int = 0
    entries: int = 0
    sum_nano: int = 0
    head: str = ""
    operator_nano: int = 0  # what the community account was left with by the counted slots

    def award(self, home: str, slot: str, bought_wh: int, sold_wh: int) -> None:
        """Adds what a session awarded to a home in a slot [Wh]."""
        bought, sold = self.awarded_wh.get((slot, home), (0, 0))
        self.awarded_wh[slot, home] = bought + bought_wh, sold + sold_wh


def close_home(trace: Trace, world: World, plant: Plant) -> None:
    """Writes into the trace what a home's plant has summed up over the counted slots."""
    name = plant.twin.name
    trace.stored_change_kwh[name] = plant.stored_kwh() - plant.twin.stored_kwh()
    trace.unserved_kwh[name] = plant.missed_kwh()
    trace.discomfort[name] = plant.discomfort
    trace.missed_runs[name] = missed_runs(world, plant.twin, plant.runs)
    for unit in plant.twin.home.units:
        taken, given = plant.taken_kwh.get(unit.id, 0.0), plant.given_kwh.get(unit.id, 0.0)
        match unit:
            case PvUnit():
                flows = {"pv_kwh": given}
            case BatteryUnit():
                flows = {"battery_charged_kwh": taken, "battery_discharged_kwh": given}
            case EvUnit():
                flows = {"ev_kwh": taken}
            case _:
                flows = {"other_devices_kwh": taken}
        for key, kwh in flows.items():
            trace.flows_kwh[key] = trace.flows_kwh.get(key, 0.0) + kwh
