"""When cars came and left, and when the next one is expected."""

from hems.control.stay_memory import StayMemory
from hems.forecasting.series import DAY_S
from hems.metering.image import SiteImage, Stay
from tests.fakes import idle, image

HOUR_S = 3600
MONDAY_S = 1_704_067_200  # 2024-01-01T00:00:00Z


def at(at_s: int, *, plugged: bool) -> SiteImage:
    stay = Stay(energy_needed_wh=8_000, departure_s=at_s + HOUR_S) if plugged else None
    return image({"car": idle(stay=stay)}, at_s=at_s)


def evenings(days: int, memory: StayMemory | None = None, *, every: int = 1) -> StayMemory:
    """A car that comes at 18:00 and leaves at 7:00, seen every hour for some days from Monday on."""
    memory = StayMemory("UTC") if memory is None else memory
    for hour in range(24 * days):
        day, of_day = divmod(hour, 24)
        came = of_day >= 18 and day % every == 0
        stayed = of_day < 7 and day > 0 and (day - 1) % every == 0
        memory.learn(at(MONDAY_S + HOUR_S * hour, plugged=came or stayed))
    return memory


def test_a_car_that_comes_every_evening_is_expected_this_evening_and_tomorrow() -> None:
    noon = MONDAY_S + 14 * DAY_S + 12 * HOUR_S
    memory = evenings(15)
    memory.learn(at(noon, plugged=False))
    stays = memory.expected(noon, noon, 900, 48 * 4)["car"]
    assert [stay.arrival_slot for stay in stays] == [6 * 4, 30 * 4]
    assert stays[0].departure_slot == 19 * 4 and abs(stays[0].energy_kwh - 8.0) < 1e-9


def test_a_car_that_is_late_is_not_expected_in_the_past() -> None:
    late = MONDAY_S + 14 * DAY_S + 20 * HOUR_S
    memory = evenings(14)
    for hour in range(21):
        memory.learn(at(MONDAY_S + 14 * DAY_S + HOUR_S * hour, plugged=hour < 7))
    assert all(stay.arrival_slot >= 0 for stay in memory.expected(late, late, 900, 96)["car"])
    assert memory.expected(late, late, 900, 16)["car"] == ()


def test_a_car_that_comes_on_every_third_day_is_not_expected_on_any() -> None:
    noon = MONDAY_S + 21 * DAY_S + 12 * HOUR_S
    assert evenings(21, every=3).expected(noon, noon, 900, 48)["car"] == ()


def test_habits_of_less_than_a_week_are_not_believed_and_a_car_that_is_here_is_not_expected() -> None:
    noon = MONDAY_S + 5 * DAY_S + 12 * HOUR_S
    assert evenings(6).expected(noon, noon, 900, 96).get("car", ()) == ()
    memory = evenings(15)  # ends at 23:00, the car is here
    night = MONDAY_S + 15 * DAY_S
    assert "car" not in memory.expected(night, night, 900, 96)


def test_a_device_that_does_not_answer_has_not_left() -> None:
    memory = StayMemory("UTC")
    memory.learn(at(MONDAY_S, plugged=True))
    assert memory.learn(image({}, at_s=MONDAY_S + HOUR_S)) is False
    assert memory.learn(at(MONDAY_S + 2 * HOUR_S, plugged=False)) is True


def test_a_restart_keeps_habits_and_the_car_that_is_here() -> None:
    memory, restarted = evenings(15), StayMemory("UTC")
    restarted.restore(memory.fact())
    morning = MONDAY_S + 15 * DAY_S + 8 * HOUR_S
    for one in (memory, restarted):
        assert one.learn(at(morning, plugged=False)) is True
    assert memory.expected(morning, morning, 900, 96) == restarted.expected(morning, morning, 900, 96)
    assert memory.expected(morning, morning, 900, 96)["car"] != ()
