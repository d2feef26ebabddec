"""Who does what it was told: seconds to act, caps of generators, and trust that is won back by doing something."""

from hems.control.following import ACTS_WITHIN_S, Following
from hems.dispatch.lease import Lease
from hems.metering.image import DeviceImage, SiteImage
from tests.fakes import START_S, idle, image


def lease(power_w: int) -> Lease:
    return Lease(power_w=power_w, valid_until_epoch_s=START_S + 60, token=1, reversion_w=0)


def seen(after_s: int, **devices: DeviceImage) -> SiteImage:
    return image(devices, at_s=START_S + after_s)


def does(power_w: float) -> DeviceImage:
    return DeviceImage(power_w=power_w)


def follows(following: Following, after_s: int, **devices: DeviceImage) -> dict[str, bool]:
    return {name: device.follows for name, device in following.marked(seen(after_s, **devices)).devices.items()}


def test_a_device_has_some_seconds_to_act() -> None:
    following = Following()
    following.told({"car": lease(4000)}, START_S)
    assert follows(following, ACTS_WITHIN_S - 1, car=idle()) == {"car": True}
    assert follows(following, ACTS_WITHIN_S, car=idle()) == {"car": False}
    assert follows(following, ACTS_WITHIN_S, car=does(4000.0)) == {"car": True}


def test_a_lease_that_only_goes_on_keeps_its_age() -> None:
    following = Following()
    for after_s in (0, 3):
        following.told({"car": lease(4000)}, START_S + after_s)
    assert follows(following, ACTS_WITHIN_S, car=idle()) == {"car": False}
    following.told({"car": lease(5000)}, START_S + ACTS_WITHIN_S)
    assert follows(following, ACTS_WITHIN_S + 1, car=does(4000.0)) == {"car": False}, "it was far off before"


def test_doing_nothing_proves_nothing_and_doing_something_does() -> None:
    following = Following()
    following.told({"battery": lease(3000)}, START_S)
    assert not follows(following, 20, battery=idle())["battery"]
    following.told({"battery": lease(0)}, START_S + 20)
    assert not follows(following, 40, battery=idle())["battery"]
    following.told({"battery": lease(-2000)}, START_S + 40)
    assert follows(following, 60, battery=does(-2000.0))["battery"]


def test_a_small_difference_counts_while_it_is_there_and_costs_no_trust() -> None:
    following = Following()
    following.told({"battery": lease(-80)}, START_S)
    assert not follows(following, 20, battery=idle())["battery"]
    following.told({"battery": lease(3000)}, START_S + 20)
    assert follows(following, 21, battery=idle())["battery"]


def test_a_cap_is_kept_by_giving_less_for_want_of_sun_and_broken_by_giving_more() -> None:
    following = Following()
    following.told({"roof": lease(-5000)}, START_S)
    assert follows(following, 20, roof=DeviceImage(power_w=-3000.0, available_w=3000.0))["roof"]
    assert not follows(following, 20, roof=DeviceImage(power_w=-6000.0, available_w=6000.0))["roof"]
    assert not follows(following, 40, roof=DeviceImage(power_w=0.0, available_w=6000.0))["roof"]


def test_a_clock_that_is_set_back_begins_the_seconds_anew() -> None:
    following = Following()
    following.told({"car": lease(4000)}, START_S)
    assert follows(following, -600, car=idle())["car"]
    assert not follows(following, -600 + ACTS_WITHIN_S, car=idle())["car"]


def test_a_device_that_is_away_or_was_told_nothing_is_not_marked() -> None:
    following = Following()
    following.told({"car": lease(4000)}, START_S)
    there = seen(20, lamp=does(100.0))
    assert following.marked(there) is there
