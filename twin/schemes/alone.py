"""Communities without a market: nobody plans, or every home plans for itself."""

from collections.abc import Callable, Mapping

from hems.control.energy_manager import EnergyManager, OutlookSource, Settings
from hems.control.transactive_meter import Registers
from hems.dispatch.rules import rule_powers_kw
from twin.plant import Plant
from twin.schemes.trace import Trace, close_home
from twin.world import World
from wire.quantities import amount_nano, micro_per_kwh
from wire.slots import Slot

Progress = Callable[[int], None]
Outlooks = Mapping[str, OutlookSource]

NO_TIME_LIMIT_S = 1e6  # a limit in wall-clock time would make results depend on the machine


def settings_for(world: World) -> Settings:
    """How homes plan in virtual time: a day ahead, and never against the clock of the machine."""
    return Settings(horizon_slots=world.slots_per_day, time_limit_s=NO_TIME_LIMIT_S)


def retail_cost_nano(world: World, index: int, before: Registers, after: Registers) -> int:
    """What a home without a market pays for a slot, from whole Wh at whole micro prices [nano]."""
    retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
    net_wh = (after.import_wh - before.import_wh) - (after.export_wh - before.export_wh)
    return amount_nano(net_wh, retail if net_wh > 0 else feed_in)


def run_unmanaged(world: World, progress: Progress | None = None) -> Trace:
    """Cars charge on arrival, batteries serve the own home greedily, retail tariff."""

    def decide(plant: Plant, slot: Slot) -> Mapping[str, float]:
        home = plant.twin.home
        return rule_powers_kw(home, plant.image(slot.start_s), home.local_hour(slot.start_s))

    return _run_alone(world, decide, progress)


def run_alone(world: World, outlooks: Outlooks, progress: Progress | None = None) -> Trace:
    """Every home optimises against the retail tariff."""
    managers = {
        twin.name: EnergyManager(twin.home, outlooks[twin.name], settings=settings_for(world)) for twin in world.homes
    }

    def decide(plant: Plant, slot: Slot) -> Mapping[str, float]:
        decision = managers[plant.twin.name].decide(slot.start_s, slot, plant.image(slot.start_s), None)
        return {s.device: s.power_kw for s in decision.setpoints}

    trace = _run_alone(world, decide, progress)
    trace.plans = sum(manager.plans for manager in managers.values())
    return trace


def _run_alone(
    world: World, decide: Callable[[Plant, Slot], Mapping[str, float]], progress: Progress | None
) -> Trace:
    trace = Trace()
    plants = [Plant(world, twin) for twin in world.homes]
    for index in range(world.run_from, world.end):
        slot = world.slot(index)
        for plant in plants:
            if index == world.count_from:
                plant.start_counting()
            before = plant.registers(slot.start_s)
            plant.begin(index)
            plant.command(decide(plant, slot))
            net = plant.finish()
            if index >= world.count_from:
                name = plant.twin.name
                cost = retail_cost_nano(world, index, before, plant.registers(slot.end_s))
                trace.cost_nano[name] = trace.cost_nano.get(name, 0) + cost
                trace.net_kwh.setdefault(name, []).append(net)
                trace.used_kwh += plant.used_kwh()
        if progress is not None:
            progress(1)
    for plant in plants:
        close_home(trace, world, plant)
    return trace
