"""A world that begins later, or on other days, than its data."""

from dataclasses import replace

from twin.world import TwinHome, World

DAY_S = 86_400


def begun_later(world: World, slots: int) -> World:
    """The world with its first `slots` slots as further history."""
    return replace(
        world, history_slots=world.history_slots + slots, counted_slots=max(1, world.counted_slots - slots)
    )


def moved(world: World, days: int) -> World:
    """The world some days later (negative: earlier): what happened keeps its time of day in UTC, not its weekday."""
    shift_s = days * DAY_S
    return replace(
        world,
        first=replace(world.first, start_s=world.first.start_s + shift_s),
        homes=tuple(_moved_home(home, shift_s) for home in world.homes),
    )


def _moved_home(home: TwinHome, shift_s: int) -> TwinHome:
    stays = {
        unit: tuple(
            replace(stay, arrival_s=stay.arrival_s + shift_s, departure_s=stay.departure_s + shift_s)
            for stay in of_unit
        )
        for unit, of_unit in home.stays.items()
    }
    return replace(home, stays=stays)
