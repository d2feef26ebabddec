"""`[grid_limit]`: a signal or a contact, and what is said of mistakes in it."""

import pytest

from hems.site.config import ConfigError, HomeConfig, parse_config
from hems.site.config_grid import GridContactTable, GridSignalTable

HOME = '[home]\nmeter = "home-1"\nstate_dir = "state"\n[meter]\nport = 502\n[tariff]\nimport_price_per_kwh = 0.3\n'


def config(lines: str) -> HomeConfig:
    return parse_config(f"{HOME}[grid_limit]\n{lines}\n", "home.toml")


def test_a_topic_is_enough_for_a_signal() -> None:
    table = config('topic = "operator/limit"').grid_limit
    assert isinstance(table, GridSignalTable)
    assert (table.heartbeat_s, table.failsafe_import_kw, table.failsafe_hours) == (120, 4.2, 2.0)
    assert parse_config(HOME, "home.toml").grid_limit is None


def test_a_contact_has_two_words_and_limits() -> None:
    table = config('kind = "contact"\ntopic = "box"\nexport_limit_kw = 0').grid_limit
    assert isinstance(table, GridContactTable)
    assert (table.closed, table.open, table.import_limit_kw, table.export_limit_kw) == ("ON", "OFF", 4.2, 0.0)


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        ("", "grid_limit.topic: missing: add it"),
        ('topic = "a/#"', "grid_limit.topic: "),
        ('topic = "a"\nfailsafe_hours = 1', "grid_limit.failsafe_hours: "),
        ('topic = "a"\nheartbeat_s = 5', "grid_limit.heartbeat_s: "),
        ('topic = "a"\nfailsafe_import_kw = -1', "grid_limit.failsafe_import_kw: "),
        ('topic = "a"\nimport_limit_kw = 4.2', "grid_limit.import_limit_kw: unknown key"),
        ('kind = "contact"\ntopic = "a"\nclosed = "1"\nopen = "1"', "grid_limit.open: open and closed are both '1'"),
        ('kind = "eebus"\ntopic = "a"', 'grid_limit: kind has to be "signal" or "contact"'),
        (
            'topic = "a"\n[clock]\nmode = "driven"',
            "grid_limit: a limit is heard in real time, [clock] is driven: leave one of them out",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(lines: str, finding: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config(lines)
    assert f"home.toml: {finding}" in str(raised.value)
