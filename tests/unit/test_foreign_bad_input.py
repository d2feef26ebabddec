"""Foreign payloads that are wrong are flagged, never used, never fatal; what was known before them stays honest."""

import json
from typing import Any

import pytest

from hems.io.template_files import template
from hems.metering.foreign.binding import bind
from hems.metering.foreign.flags import REMEDIES, Flag, FlagCode
from hems.metering.foreign.meter import ForeignDevice, Heard, Measured
from hems.metering.foreign.site_meter import ForeignMeter
from hems.metering.reading import ReadingQuality

T0 = 1_800_000_000
TOPIC = "hearthgrid/home-1/reading"
GOOD = {"at": "2027-01-15T08:00:00Z", "power_w": 310, "import_wh": 1_234_567, "export_wh": 45_678}


def native() -> ForeignMeter:
    return ForeignMeter(device=ForeignDevice(bound=bind(template("native"), TOPIC), connection_w=17_000.0))


def say(
    meter: ForeignMeter, payload: object, at_s: float, *, topic: str = TOPIC, retained: bool = False
) -> list[Flag]:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    flags = meter.device.take(Heard(topic=topic, payload=data, retained=retained, at_s=at_s))
    meter.update(at_s)
    return flags + meter.flags


def codes(flags: list[Flag]) -> set[FlagCode]:
    return {flag.code for flag in flags}


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == set(FlagCode)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({**GOOD, "power_w": "310"}, FlagCode.WRONG_TYPE),
        ({**GOOD, "power_w": None}, FlagCode.NO_VALUE),
        ({**GOOD, "power_w": True}, FlagCode.WRONG_TYPE),
        ({**GOOD, "power_w": [310, 20]}, FlagCode.ARRAY),
        ({**GOOD, "power_w": {"value": 310}}, FlagCode.WRONG_TYPE),
        (b'{"power_w": NaN}', FlagCode.NOT_JSON),
        (b'{"power_w": Infinity}', FlagCode.NOT_JSON),
        (b'{"power_w": 1e999}', FlagCode.NOT_FINITE),
        (b'{"power_w": ' + b"9" * 400 + b"}", FlagCode.NOT_FINITE),
        (b'{"power_w": ' + b"9" * 5_000 + b"}", FlagCode.NOT_JSON),
        (b"\xff\xfe\x00", FlagCode.NOT_JSON),
        (b"", FlagCode.NOT_JSON),
        (b"[" * 60_000, FlagCode.NOT_JSON),
        (b"x" * 1_048_576, FlagCode.TOO_BIG),
        ({"volts": 230}, FlagCode.MISSING),
        ({**GOOD, "power_w": 310_000}, FlagCode.OUT_OF_RANGE),
        ({**GOOD, "import_wh": -5}, FlagCode.NEGATIVE_ENERGY),
    ],
)
def test_a_wrong_payload_is_flagged_and_no_longer_a_reading(payload: object, code: FlagCode) -> None:
    meter = native()
    say(meter, GOOD, T0)
    assert meter.reading(T0).quality is ReadingQuality.GOOD
    assert code in codes(say(meter, payload, T0 + 5))
    reading = meter.reading(T0 + 5)
    assert reading.quality is ReadingQuality.INVALID
    assert reading.power_w in (None, 310)
    assert reading.import_wh in (None, 1_234_567)
    say(meter, {**GOOD, "at": "2027-01-15T08:00:09Z", "import_wh": 1_234_568}, T0 + 10)
    again = meter.reading(T0 + 10)
    assert (again.quality, again.import_wh) == (ReadingQuality.GOOD, 1_234_568)


def test_a_retained_message_is_old_until_a_live_one_comes() -> None:
    meter = native()
    old = {key: value for key, value in GOOD.items() if key != "at"}
    assert FlagCode.RETAINED in codes(say(meter, old, T0, retained=True))
    reading = meter.reading(T0)
    assert (reading.power_w, reading.import_wh, reading.quality) == (None, None, ReadingQuality.INVALID)
    say(meter, old, T0 + 1)
    assert meter.reading(T0 + 1).power_w == 310


def test_a_retained_message_with_its_own_fresh_time_counts_and_with_an_old_one_does_not() -> None:
    fresh, stale = native(), native()
    say(fresh, GOOD, T0 + 5, retained=True)
    assert fresh.reading(T0 + 5).power_w == 310
    assert FlagCode.OLD in codes(say(stale, GOOD, T0 + 3_600, retained=True))
    assert stale.reading(T0 + 3_600).power_w is None


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2027-01-15T09:00:00", FlagCode.TIME_WITHOUT_ZONE),
        ("2027-01-15T09:30:00Z", FlagCode.TIME_IN_FUTURE),
        ("yesterday", FlagCode.NOT_A_TIME),
        (12, FlagCode.NOT_A_TIME),
    ],
)
def test_a_doubtful_time_is_flagged_and_the_age_is_taken_from_the_arrival(at: object, code: FlagCode) -> None:
    meter = native()
    assert code in codes(say(meter, {**GOOD, "at": at}, T0))
    assert meter.reading(T0 + 29).power_w == 310
    assert meter.reading(T0 + 31).power_w is None


def test_a_value_older_than_allowed_is_no_value() -> None:
    meter = native()
    say(meter, GOOD, T0)
    assert meter.reading(T0 + 30).power_w == 310
    assert meter.reading(T0 + 31).power_w is None
    assert FlagCode.OLD in codes(meter.flags)


def test_a_device_that_says_it_is_offline_has_no_values_until_it_is_back() -> None:
    meter = native()
    say(meter, GOOD, T0)
    say(meter, b"offline", T0 + 1, topic="hearthgrid/home-1/status")
    assert meter.reading(T0 + 1).power_w is None
    say(meter, b"online", T0 + 2, topic="hearthgrid/home-1/status", retained=True)
    assert meter.reading(T0 + 2).power_w == 310


def test_an_unknown_unit_of_the_device_is_never_guessed() -> None:
    device = ForeignDevice(bound=bind(template("generic-json"), "garage/meter"), connection_w=17_000.0)
    flags = device.take(Heard(topic="garage/meter", payload=b'{"power": 3, "unit": "hp"}', retained=False, at_s=T0))
    assert codes(flags) == {FlagCode.UNKNOWN_UNIT}
    assert isinstance(device.measured("power_w", T0), Flag)
    device.take(Heard(topic="garage/meter", payload=b'{"power": 3, "unit": "kW"}', retained=False, at_s=T0))
    measured = device.measured("power_w", T0)
    assert isinstance(measured, Measured)
    assert measured.number == 3_000.0


def test_a_list_is_refused_where_the_template_expects_one_number_and_a_channel_picks_from_it() -> None:
    topic, payload = "zigbee2mqtt/plug", b'{"power": [52, 5], "energy": [1.5, 2.5]}'
    plain = ForeignDevice(bound=bind(template("zigbee2mqtt"), topic), connection_w=17_000.0)
    assert codes(plain.take(Heard(topic=topic, payload=payload, retained=False, at_s=T0))) == {FlagCode.ARRAY}
    picked = ForeignDevice(
        bound=bind(template("zigbee2mqtt"), topic, overrides={"power_w": {"channel": 1}}), connection_w=17_000.0
    )
    picked.take(Heard(topic=topic, payload=payload, retained=False, at_s=T0))
    measured = picked.measured("power_w", T0)
    assert isinstance(measured, Measured)
    assert measured.number == 5.0


def test_victrons_null_withdraws_a_value_and_its_silence_ends_it() -> None:
    topic = "N/c0619ab33f12/grid/30/Ac/Power"
    device = ForeignDevice(bound=bind(template("victron"), topic), connection_w=17_000.0)
    device.take(Heard(topic=topic, payload=b'{"value": 310}', retained=False, at_s=T0))
    assert isinstance(device.measured("power_w", T0 + 59), Measured)
    flags = device.take(Heard(topic=topic, payload=b'{"value": null}', retained=False, at_s=T0 + 1))
    assert codes(flags) == {FlagCode.NO_VALUE}
    assert isinstance(device.measured("power_w", T0 + 1), Flag)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unavailable", FlagCode.NO_VALUE),
        ("unknown", FlagCode.NO_VALUE),
        ("nan", FlagCode.NO_VALUE),
        ("", FlagCode.NO_VALUE),
        ("-", FlagCode.NO_VALUE),
        ("inf", FlagCode.NOT_FINITE),
        ("1e999", FlagCode.NOT_FINITE),
        ("on", FlagCode.WRONG_TYPE),
        ("310 W", FlagCode.WRONG_TYPE),
        ("1_000", FlagCode.WRONG_TYPE),
        ("٣١٠", FlagCode.WRONG_TYPE),
        ("0x10", FlagCode.WRONG_TYPE),
        ("1,5", FlagCode.WRONG_TYPE),
    ],
)
def test_a_text_that_is_no_number_withdraws_the_value(text: str, code: FlagCode) -> None:
    topic = "homeassistant/sensor/grid_power/state"
    device = ForeignDevice(bound=bind(template("home-assistant-statestream"), topic), connection_w=17_000.0)
    device.take(Heard(topic=topic, payload=b"310", retained=False, at_s=T0))
    flags = device.take(Heard(topic=topic, payload=text.encode(), retained=False, at_s=T0 + 1))
    assert codes(flags) == {code}
    assert isinstance(device.measured("power_w", T0 + 1), Flag)


def counted(*registers: tuple[int, int], connection_w: float = 17_000.0) -> list[int | None]:
    """What the import register shows after each (seconds, Wh)."""
    bound = bind(template("native"), TOPIC)
    meter = ForeignMeter(device=ForeignDevice(bound=bound, connection_w=connection_w))
    shown = []
    for at_s, wh in registers:
        say(meter, {"power_w": 0, "import_wh": wh, "export_wh": 0}, T0 + at_s)
        shown.append(meter.reading(T0 + at_s).import_wh)
    return shown


def test_a_register_that_steps_back_is_not_used_and_counts_on_after_three_readings() -> None:
    assert counted((0, 5_000), (10, 4_000), (20, 5_010)) == [5_000, None, 5_010]
    # replaced by a meter at 100 Wh: what it counts is added, what was between is not
    assert counted((0, 5_000), (10, 100), (20, 110), (30, 120), (40, 130)) == [5_000, None, None, 5_000, 5_010]


def test_a_register_that_jumps_beyond_the_connection_is_not_used() -> None:
    assert counted((0, 5_000), (10, 9_000_000), (20, 5_020)) == [5_000, None, 5_020]
    assert counted((0, 5_000), (3_600, 30_000)) == [5_000, 30_000]  # an hour at 25 kW is possible
    assert counted((0, 5_000), (3_600, 31_000)) == [5_000, None]


def test_counters_go_on_over_a_restart_and_a_memory_that_is_wrong_is_left_alone() -> None:
    meter = native()
    say(meter, GOOD, T0)
    kept = json.loads(json.dumps(meter.state()))
    again = ForeignMeter(device=ForeignDevice(bound=meter.device.bound, connection_w=17_000.0), memory=kept)
    say(again, {**GOOD, "at": "2027-01-15T08:01:00Z", "import_wh": 1_200}, T0 + 60)
    assert FlagCode.STEPPED_BACK in codes(again.flags)
    for wrong in ({"import_wh": "x"}, {"import_wh": [1, 2]}, {"net_wh": True}, {"import_wh": [True, 1, 1]}):
        fresh = ForeignMeter(device=ForeignDevice(bound=meter.device.bound, connection_w=17_000.0), memory=wrong)
        say(fresh, GOOD, T0)
        assert fresh.reading(T0).import_wh == 1_234_567


def test_power_alone_is_integrated_as_estimated_and_a_gap_counts_nothing() -> None:
    bound = bind(template("evcc"), "evcc/site/grid/power")
    meter = ForeignMeter(device=ForeignDevice(bound=bound, connection_w=17_000.0))

    def at(seconds: int, watts: int) -> tuple[int | None, int | None]:
        say(meter, str(watts).encode(), T0 + seconds, topic="evcc/site/grid/power")
        reading = meter.reading(T0 + seconds)
        assert reading.quality is ReadingQuality.ESTIMATED
        return reading.import_wh, reading.export_wh

    assert at(0, 3_600) == (0, 0)
    assert at(60, 3_600) == (60, 0)
    assert at(120, -3_600) == (90, 30)  # each direction on its own: half of the minute's triangle
    assert at(3_720, -3_600) == (90, 30)  # an hour of silence is not invented
    assert at(3_780, -3_600) == (90, 90)


def test_a_signed_counter_is_import_when_it_rises_and_export_when_it_falls() -> None:
    topic = "garage/meter"
    keys: dict[str, dict[str, Any]] = {"net_wh": {"path": "net", "unit": "Wh"}}
    bound = bind(template("generic-json"), topic, overrides=keys)
    meter = ForeignMeter(device=ForeignDevice(bound=bound, connection_w=17_000.0))
    shown = []
    for i, net in enumerate((-1_000, -990, -1_005, -1_005)):
        say(meter, {"power": 0, "net": net}, T0 + 10 * i, topic=topic)
        reading = meter.reading(T0 + 10 * i)
        shown.append((reading.import_wh, reading.export_wh))
    assert shown == [(0, 0), (10, 0), (10, 15), (10, 15)]
    assert reading.quality is ReadingQuality.GOOD


def test_a_register_that_only_changes_now_and_then_holds_while_its_device_lives() -> None:
    base = "homeassistant/sensor/"
    bound = bind(template("home-assistant-statestream"), f"{base}grid_power/state")
    meter = ForeignMeter(device=ForeignDevice(bound=bound, connection_w=17_000.0))
    say(meter, b"12.5", T0, topic=f"{base}grid_export/state", retained=True)
    say(meter, b"100.5", T0, topic=f"{base}grid_import/state", retained=True)
    assert meter.reading(T0).import_wh is None  # nobody has proved to live yet
    for seconds in range(0, 4_000, 50):
        say(meter, b"310", T0 + seconds, topic=f"{base}grid_power/state")
    reading = meter.reading(T0 + 3_960)
    assert (reading.import_wh, reading.export_wh, reading.quality) == (100_500, 12_500, ReadingQuality.GOOD)
    assert meter.reading(T0 + 5_000).import_wh is None
