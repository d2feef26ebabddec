"""Programmes of appliances that people wait for: which runs a scheme owes, and which it missed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hems.planning.home_problem import appliance_profile_kw
from hems.site.home import ApplianceUnit
from twin.world import TwinHome, World

Run = tuple[int, int]  # started, ended [s since 1970]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One run that is owed: it has to start and end in the counted slots `first` <= k < `end`."""

    unit: ApplianceUnit
    day: int
    first: int
    end: int


def programmes(world: World, twin: TwinHome) -> list[Programme]:
    """The runs of a home whose whole window lies in the counted slots, one per appliance and local day."""
    units = [unit for unit in twin.home.units if isinstance(unit, ApplianceUnit)]
    return [programme for unit in units for programme in _of_unit(world, twin, unit)]


def _of_unit(world: World, twin: TwinHome, unit: ApplianceUnit) -> Iterable[Programme]:
    half_s, home = world.first.duration_s // 2, twin.home

    def window_day(index: int) -> int | None:
        """The local day in whose window a slot lies, None outside."""
        middle_s = world.slot(index).start_s + half_s
        is_inside = unit.earliest_hour <= home.local_hour(middle_s) < unit.latest_end_hour
        return home.local_day(middle_s) if is_inside else None

    needed = len(appliance_profile_kw(unit, world.first.duration_s))
    # a slot more on either side tells windows that reach over the border
    for day, group in groupby(range(world.count_from - 1, world.end + 1), key=window_day):
        slots = list(group)
        if day is not None and slots[0] >= world.count_from and slots[-1] < world.end and len(slots) >= needed:
            yield Programme(
                unit=unit, day=day, first=slots[0] - world.count_from, end=slots[-1] + 1 - world.count_from
            )


def missed_runs(world: World, twin: TwinHome, runs: Mapping[str, Sequence[Run]]) -> int:
    """How many owed runs were not made inside their windows; `runs` holds what each appliance did."""
    return sum(
        not _is_made(world, programme, runs.get(programme.unit.id, ())) for programme in programmes(world, twin)
    )


def _is_made(world: World, programme: Programme, runs: Sequence[Run]) -> bool:
    from_s = world.slot(world.count_from + programme.first).start_s
    to_s = world.slot(world.count_from + programme.end).start_s
    return any(from_s <= started_s and ended_s <= to_s for started_s, ended_s in runs)
