"""Whatever a device sends: nothing raises or is invented, counters never fall or outrun the connection."""

import json
import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hems.io.p1_telegram import BadTelegram, Telegram, next_telegram, telegram_of
from hems.io.template_files import template, template_names
from hems.metering.foreign.binding import bind
from hems.metering.foreign.counter import SLACK_WH, Counter
from hems.metering.foreign.meter import ForeignDevice, Heard, Measured
from hems.metering.foreign.site_meter import COUNTER_HEADROOM, ForeignMeter
from hems.metering.foreign.topics import bound_places, filled, topic_filter
from hems.metering.reading import ReadingQuality

T0 = 1_800_000_000
CONNECTION_W = 17_000.0
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["ENERGY", "Power", "Total", "value", "power", "energy", "params", "em:0", "total_act_power", "ts", "unit", "x"]
)
TREES = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
PAYLOADS = st.binary(max_size=60) | TREES.map(lambda tree: json.dumps(tree).encode())


@st.composite
def conversations(draw: st.DrawFn) -> tuple[ForeignMeter, list[Heard]]:
    kind = template(draw(st.sampled_from(template_names())))
    bound = bind(kind, kind.example)
    device = ForeignDevice(bound=bound, connection_w=CONNECTION_W)
    said, at_s = [], float(T0)
    for _ in range(draw(st.integers(1, 12))):
        at_s += draw(st.integers(-5, 400))
        payload, retained = draw(PAYLOADS), draw(st.booleans())
        topic = draw(st.sampled_from([*bound.topics, "another/topic"]))
        said.append(Heard(topic=topic, payload=payload, retained=retained, at_s=at_s))
    return ForeignMeter(device=device), said


@settings(max_examples=60)
@given(conversations())
def test_nothing_a_device_sends_raises_and_what_is_used_is_finite_and_within_the_connection(
    conversation: tuple[ForeignMeter, list[Heard]],
) -> None:
    meter, said = conversation
    for heard in said:
        flags = meter.device.take(heard)
        assert all(str(flag) for flag in flags)
        meter.update(heard.at_s)
        reading = meter.reading(heard.at_s)
        if reading.power_w is not None:
            assert abs(reading.power_w) <= 2 * CONNECTION_W
            power = meter.device.measured("power_w", heard.at_s)
            assert isinstance(power, Measured)
            assert math.isfinite(power.number)
        for register in (reading.import_wh, reading.export_wh):
            assert register is None or register >= 0
        assert reading.quality in (ReadingQuality.GOOD, ReadingQuality.ESTIMATED, ReadingQuality.INVALID)
    json.dumps(meter.state(), allow_nan=False)


@settings(max_examples=150)
@example([(0, 1939.5963264079446), (0, 255047.0), (600, 259477.0), (600, 260205.0), (600, 260205.0)])
@given(st.lists(st.tuples(st.integers(0, 600), st.floats(0, 1e7)), min_size=1, max_size=15))
def test_a_counter_never_falls_and_never_outruns_the_connection(steps: list[tuple[int, float]]) -> None:
    limit_w = CONNECTION_W * COUNTER_HEADROOM
    counter, at_s, first_s, first_wh = Counter(about="import_wh", limit_w=limit_w), 0, 0, None
    shown = 0.0
    for i, (seconds, raw_wh) in enumerate(steps):
        at_s += seconds
        counter.counted(raw_wh, float(at_s))
        assert counter.total_wh is not None
        if first_wh is None:
            first_s, first_wh = at_s, counter.total_wh
        assert counter.total_wh >= shown
        shown = counter.total_wh
        assert shown - first_wh <= limit_w * (at_s - first_s) / 3600.0 + SLACK_WH * i + 1e-6


@settings(max_examples=100)
@given(st.binary(max_size=400), st.sampled_from(["v2", "v3", "v4", "v5", "belgium", "sweden"]))
def test_bytes_from_a_p1_port_never_raise(data: bytes, version: str) -> None:
    buffer, whole = data + b"\n!0000\r\n", None
    while True:
        whole, rest = next_telegram(buffer)
        assert len(rest) < len(buffer) or whole is None
        if whole is None:
            break
        buffer = rest
        assert whole.startswith(b"/")
        assert isinstance(telegram_of(whole, version), BadTelegram | Telegram)


LEVEL = st.text(st.characters(codec="ascii", exclude_characters="/+#{}\x00", categories=["L", "N"]), min_size=1)


@settings(max_examples=60)
@given(st.lists(LEVEL, min_size=1, max_size=3), LEVEL)
def test_a_topic_fits_the_pattern_that_made_it(device: list[str], power: str) -> None:
    pattern = "{node+}/sensor/{power}/state"
    places = {"node": "/".join(device), "power": power}
    found = bound_places(pattern, filled(pattern, places))
    assert found is not None
    assert filled(pattern, found) == filled(pattern, places)
    assert topic_filter(pattern) == "#"
    assert topic_filter("N/{portal}/grid/{instance}/Ac/Power") == "N/+/grid/+/Ac/Power"
