"""`[meter]`, `[mqtt]` and devices on MQTT in a home's configuration: what is taken, and what a mistake is told."""

from pathlib import Path
from typing import get_args

import pytest

from hems.io import template_files
from hems.io.peers import bound_meter, check_peers
from hems.metering.foreign import units
from hems.site import config_meter
from hems.site.config import ConfigError, HomeConfig, parse_config
from hems.site.config_meter import ModbusMeterTable, MqttMeterTable, MqttTable, P1MeterTable

REST = '[home]\nmeter = "home-1"\nstate_dir = "state"\n[tariff]\nimport_price_per_kwh = 0.3\n'
TASMOTA = '[meter]\nkind = "mqtt"\ntemplate = "tasmota"\ntopic = "tele/m/SENSOR"\n'
DISHES = '[[device]]\nkind = "appliance"\nid = "dishes"\nquarter_hour_kw = [1.0]\n'


def parsed(text: str) -> HomeConfig:
    config = parse_config(REST + text, "home.toml")
    check_peers(config, "home.toml", Path())
    return config


def test_files_of_earlier_releases_mean_a_sunspec_meter_on_modbus() -> None:
    config = parsed('[meter]\nhost = "192.0.2.7"\n')
    assert config.meter == ModbusMeterTable(host="192.0.2.7", port=502, device_id=1, power_sign=1, map="sunspec")
    assert config.mqtt == MqttTable()


def test_every_kind_of_meter_is_taken() -> None:
    assert isinstance(parsed(TASMOTA).meter, MqttMeterTable)
    assert isinstance(parsed('[meter]\nkind = "p1"\nserial = "/dev/ttyUSB0"\n').meter, P1MeterTable)
    assert parsed('[meter]\nhost = "m"\nmap = "abb-b23"\n').meter == ModbusMeterTable(host="m", map="abb-b23")


def test_the_configuration_and_the_templates_know_the_same_quantities() -> None:
    assert get_args(config_meter.Quantity) == units.QUANTITIES


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('[meter]\nkind = "telepathy"\n', 'meter: kind has to be "modbus", "mqtt" or "p1"'),
        ("[meter]\nkind = 1\n", "meter"),
        ('[meter]\nkind = "mqtt"\n', "meter.template: missing: add it"),
        (TASMOTA + "port = 1\n", "meter.port: unknown key"),
        (TASMOTA.replace("tele/m", "tele/+"), "meter.topic"),
        (TASMOTA.replace("tasmota", "tasmotta"), "meter: there is no template 'tasmotta': use one of dsmr-reader"),
        (TASMOTA.replace("tasmota", "opendtu"), "meter: template opendtu is for pv, not for a meter"),
        (TASMOTA.replace("tele/m/SENSOR", "a/b").replace("tasmota", "victron"), "give one like 'N/c0619ab33f12/grid"),
        (TASMOTA + "fill = { chanel = '1' }\n", "fill: template tasmota has no place chanel"),
        (TASMOTA + "value = { power_w = { unit = 'hp' } }\n", "meter: value.power_w.unit"),
        (TASMOTA + "value = { power = { unit = 'W' } }\n", "meter.value.power"),
        (TASMOTA + "max_age_s = 1\n", "meter.max_age_s"),
        ('[meter]\nkind = "p1"\n', "meter.serial: give serial = "),
        ('[meter]\nkind = "p1"\nserial = "/dev/x"\nhost = "h"\n', "meter.serial: give serial = "),
        ('[meter]\nmap = "abb"\n', "meter: there is no register map 'abb': use one of sunspec, abb-b23"),
        (TASMOTA + DISHES, "device.0.appliance.template: give device_id (Modbus), or template and topic (MQTT)"),
        (TASMOTA + DISHES + "device_id = 3\n", "device: dishes: give host and port, the meter is not on Modbus"),
        (
            TASMOTA + DISHES + 'template = "native"\ntopic = "a"\n',
            "device dishes: template native is for meter, not for",
        ),
        (TASMOTA + DISHES + 'template = "tasmota"\ndevice_id = 3\n', "one of them"),
        (TASMOTA + '[clock]\nmode = "driven"\n', 'clock: mode "driven" is for demos'),
        ("[meter]\n[mqtt]\npassword_file = 'x'\n", "mqtt.password_file: needs username beside it"),
        (TASMOTA.replace('"tasmota"', '"mine.toml"'), "mine.toml: No such file or directory; name a template, or a"),
        ("[meter]\n[mqtt]\npasword_file = 'x'\n", "mqtt.pasword_file: unknown key"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(text: str, finding: str) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(text)
    assert finding in str(error.value)
    assert str(error.value).startswith("home.toml: ")


def test_production_on_mqtt_is_never_curtailed_and_on_modbus_it_may_be() -> None:
    roof = '[[device]]\nkind = "pv"\nid = "roof"\n'
    (read,) = parsed(f'{TASMOTA}{roof}template = "opendtu"\ntopic = "solar/ac/power"\n').as_home().units
    (commanded,) = parsed(f"[meter]\n{roof}device_id = 2\n").as_home().units
    assert (getattr(read, "curtailable", None), getattr(commanded, "curtailable", None)) == (False, True)


def test_a_template_of_ones_own_is_a_file_beside_the_configuration(tmp_path: Path) -> None:
    shipped = Path(template_files.__file__).with_name("templates") / "native.toml"
    (tmp_path / "mine.toml").write_text(shipped.read_text("utf-8").replace('name = "native"', 'name = "mine"'))
    text = REST + TASMOTA.replace('"tasmota"', '"mine.toml"').replace("tele/m/SENSOR", "hearthgrid/x/reading")
    config = parse_config(text, "home.toml")
    check_peers(config, "home.toml", tmp_path)
    assert isinstance(config.meter, MqttMeterTable)
    bound = bound_meter(config.meter, tmp_path)
    assert (bound.template.name, bound.topics[0]) == ("mine", "hearthgrid/x/reading")
