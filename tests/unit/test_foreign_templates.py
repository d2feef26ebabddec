"""Every template reads what its device sends, with our sign: a kettle raises the grid power, the sun lowers it."""

import json
from pathlib import Path
from typing import Any

import pytest

from hems.io.template_files import TemplateError, read_template, template, template_names
from hems.metering.foreign.binding import BindError, bind
from hems.metering.foreign.meter import ForeignDevice, Heard, Measured
from hems.metering.foreign.site_meter import ForeignMeter
from hems.metering.reading import ReadingQuality

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
T0 = 1_800_000_000  # 2027-01-15T08:00:00Z
CONNECTION_W = 17_000.0


def recorded(name: str) -> dict[str, Any]:
    """What the device sends before and after the known event, written from its documentation."""
    document: dict[str, Any] = json.loads((PAYLOADS / name / "kettle.json").read_text("utf-8"))
    return document


def heard(message: dict[str, Any], at_s: float) -> Heard:
    payload = message["payload"]
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return Heard(topic=message["topic"], payload=text.encode(), retained=message.get("retained", False), at_s=at_s)


def device_of(name: str) -> tuple[ForeignDevice, dict[str, Any]]:
    record = recorded(name)
    bound = bind(template(name), record["topic"], fill=record["fill"])
    return ForeignDevice(bound=bound, connection_w=CONNECTION_W), record


METERS = [name for name in template_names() if "meter" in template(name).roles]
ROOFS = [name for name in template_names() if "pv" in template(name).roles and name not in METERS]


def test_there_are_enough_templates_and_each_names_its_source() -> None:
    assert len(template_names()) >= 16
    assert {"native", "tasmota", "shelly-em", "shelly-em1", "shelly-pm", "victron", "homie"} <= set(template_names())
    assert all(len(template(name).source) > 20 for name in template_names())
    assert {folder.name for folder in PAYLOADS.iterdir()} == set(template_names())


@pytest.mark.parametrize("name", METERS)
def test_a_kettle_raises_the_grid_power_and_only_the_import_register(name: str) -> None:
    device, record = device_of(name)
    meter = ForeignMeter(device=device)
    for moment, messages, expected in (
        (T0, record["before"], record["expect_before"]),
        (T0 + 10, record["after"], record["expect_after"]),
    ):
        for message in messages:
            device.take(heard(message, moment))
            meter.update(moment)
        reading = meter.reading(moment + 1)
        seen = {"power_w": reading.power_w, "import_wh": reading.import_wh, "export_wh": reading.export_wh}
        assert seen == expected, meter.flags
        assert reading.quality is ReadingQuality(record["quality"])
        assert reading.modulus_wh is None
    assert record["expect_after"]["power_w"] - record["expect_before"]["power_w"] == 2000


@pytest.mark.parametrize("name", ROOFS)
def test_sun_makes_the_power_into_the_roof_more_negative(name: str) -> None:
    device, record = device_of(name)
    for moment, messages, expected in (
        (T0, record["before"], record["expect_before"]),
        (T0 + 10, record["after"], record["expect_after"]),
    ):
        for message in messages:
            assert device.take(heard(message, moment)) == []
        power = device.measured("power_w", moment)
        assert isinstance(power, Measured)
        assert round(power.number) == expected["power_w"]
    assert record["expect_after"]["power_w"] < record["expect_before"]["power_w"] < 0


@pytest.mark.parametrize("name", template_names())
def test_a_sign_override_turns_the_power_and_nothing_else(name: str) -> None:
    record = recorded(name)
    sign = next(v.sign for v in template(name).value if v.quantity == "power_w")
    bound = bind(template(name), record["topic"], fill=record["fill"], overrides={"power_w": {"sign": -sign}})
    device = ForeignDevice(bound=bound, connection_w=CONNECTION_W)
    for message in record["before"]:
        device.take(heard(message, T0))
    power = device.measured("power_w", T0)
    assert isinstance(power, Measured)
    assert round(power.number) == -record["expect_before"]["power_w"]


def test_a_topic_of_another_form_is_refused_with_an_example() -> None:
    with pytest.raises(BindError, match=r"does not fit template victron: give one like 'N/c0619ab33f12/grid/30/Ac"):
        bind(template("victron"), "N/c0619ab33f12/grid/30")


def test_a_template_of_one_topic_takes_any_other_topic_as_it_is() -> None:
    bound = bind(template("native"), "attic/meter")
    assert set(bound.topics) == {"attic/meter"}
    assert bound.availability is None


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"power_w": {"unit": "kWh"}}, "power_w is not measured in 'kWh': use W, kW, MW"),
        ({"power_w": {"unit": "horses"}}, "value.power_w.unit"),
        ({"net_wh": {"path": "net"}}, "the template has no net_wh: give its unit and path"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(given: dict[str, Any], finding: str) -> None:
    with pytest.raises(BindError, match=finding):
        bind(template("generic-json"), "a/b", overrides=given)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('name = "x"\ntopic = "a/+/b"', "topic"),
        ('name = "x"\nsurprise = 1', "surprise"),
        ("name = ", "not TOML"),
    ],
)
def test_a_template_that_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, finding: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(TemplateError, match=finding):
        read_template(file)


def test_an_unknown_template_is_refused_with_those_there_are() -> None:
    with pytest.raises(TemplateError, match="there is no template 'tasmotta': use one of dsmr-reader"):
        template("tasmotta")
