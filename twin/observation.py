"""What a trading community is watched for: plans to compare with what happened, charge per slot, reasons given."""

from dataclasses import dataclass, field

from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager
from hems.site.home import BatteryUnit
from twin.plant import Plant
from twin.world import TwinHome, World

NOON_H = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    """A plan made for the counted slot `first`: net power [kW], charge (empty without a battery), marginal price."""

    first: int
    net_kw: tuple[float, ...]
    soc: tuple[float, ...]
    marginal_per_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A command with its reason, as it was given in the slot that starts at `time`."""

    time: str
    home: str
    device: str
    power_kw: float
    code: str
    text: str
    worth_per_h: float


@dataclass(slots=True)
class Observation:
    """Collected over a run, per home; `plans` are those of the first counted noon."""

    plans: dict[str, PlannedDay] = field(default_factory=dict)
    soc: dict[str, list[float]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    _last_code: dict[tuple[str, str], str] = field(default_factory=dict)

    def decided(self, world: World, index: int, twin: TwinHome, manager: EnergyManager, decision: Decision) -> None:
        """Notes a decision of a counted slot: reasons while they are news on the first day, the plan at noon."""
        counted = index - world.count_from
        if 0 <= counted < world.slots_per_day:
            self._note_reasons(twin, decision)
        is_due = counted >= 0 and twin.name not in self.plans
        if is_due and (twin.home.local_hour(decision.slot.start_s) == NOON_H or index == world.end - 1):
            self._note_plan(counted, twin, manager)

    def delivered(self, world: World, index: int, plant: Plant) -> None:
        """Notes the charge at the end of a counted slot."""
        battery = first_battery(plant.twin)
        if index >= world.count_from and battery is not None:
            charge = plant.image(world.slot(index).end_s).devices[battery].soc
            self.soc.setdefault(plant.twin.name, []).append(charge or 0.0)

    def _note_reasons(self, twin: TwinHome, decision: Decision) -> None:
        for setpoint in decision.setpoints:
            key, code = (twin.name, setpoint.device), setpoint.why.code
            is_dark = code == "feed_in" and setpoint.power_kw == 0.0
            if self._last_code.get(key) != code and code != "idle" and not is_dark:
                self.told.append(
                    Told(
                        time=decision.slot.label,
                        home=twin.name,
                        device=setpoint.device,
                        power_kw=setpoint.power_kw,
                        code=code,
                        text=setpoint.why.text,
                        worth_per_h=setpoint.why.worth_per_h,
                    )
                )
            self._last_code[key] = code

    def _note_plan(self, counted: int, twin: TwinHome, manager: EnergyManager) -> None:
        plan, battery = manager.plan, first_battery(twin)
        if plan is None:
            return
        state = None if battery is None or battery not in plan.devices else plan.devices[battery].state
        self.plans[twin.name] = PlannedDay(
            first=counted,
            net_kw=tuple(plan.grid_kw.tolist()),
            soc=() if state is None else tuple(state.tolist()),
            marginal_per_kwh=tuple(plan.marginal_price_per_kwh.tolist()),
        )


def first_battery(twin: TwinHome) -> str | None:
    """The id of a home's first battery, None without one."""
    return next((unit.id for unit in twin.home.units if isinstance(unit, BatteryUnit)), None)
