"""How a home joins a community: `community-broker add-member` says one line, `hems init --join` takes it."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_modbus_cli import simulated

from broker.cli import main as operator
from broker.io.authority import Authority
from hems.cli import main
from hems.site.config import HomeConfig, parse_config

START_S = 1_800_000_000
BROKER = """community = "elm"
[market]
slot_minutes = 30
[tariff]
kind = "constant"
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
"""
DEVICES = """[meter]
accuracy_class = "exact"
[[device]]
id = 2
kind = "pv"
peak_kw = 6
[[device]]
id = 3
kind = "ev_charger"
[[device]]
id = 4
kind = "heat_pump"
[[device]]
id = 5
kind = "pv"
"""


@pytest.fixture(scope="module")
def modbus_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with simulated(tmp_path_factory.mktemp("sim"), DEVICES, "idle") as port:
        yield port


class Community:
    """An operator at a terminal."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        folder.mkdir()
        (folder / "broker.toml").write_text(BROKER)

    def invites(self, *words: str) -> str:
        """The line for the new member home-7."""
        line = ["add-member", "--config", str(self.folder / "broker.toml"), "--meter", "home-7", *words]
        line += ["--nameplate-import-w", "11000", "--nameplate-export-w", "9000"]
        assert operator([*line, "--out", str(self.folder / "kit"), "--seen-as", "broker.example:8883"]) == 0
        return next(row for row in self._capsys.readouterr().out.splitlines() if row.startswith("hearthgrid://"))


@pytest.fixture
def community(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Community:
    return Community(tmp_path / "community", capsys)


def init(home: Path, *words: str) -> int:
    return main(["init", "--yes", "--output", str(home), "--timezone", "Europe/Berlin", *words])


def read(home: Path) -> HomeConfig:
    return parse_config(home.read_text("utf-8"), "home.toml")


def public_key(told: str) -> str:
    return next(row for row in told.splitlines() if row.startswith("the meter's public key")).rpartition(" ")[2]


def test_a_home_that_is_set_up_joins_with_the_pasted_line_and_keeps_everything_else(
    modbus_port: str, tmp_path: Path, community: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home.toml"
    assert init(home, "--ports", modbus_port, "--device-ids", "1") == 0
    key = public_key(capsys.readouterr().out)
    home.write_text(home.read_text("utf-8") + "# a remark of the household\n")
    before = read(home)
    line = community.invites("--public-key", key)
    assert main(["init", "--output", str(home), "--join", f" {line}\n"]) == 0
    assert public_key(capsys.readouterr().out) == key
    after = read(home)
    assert after.market is not None
    assert (after.market.community, after.market.host, after.market.port) == ("elm", "broker.example", 8883)
    assert (after.home.meter, after.home.slot_minutes) == ("home-7", 30)
    assert after.home.timezone == "Europe/Berlin"
    assert (after.meter, after.tariff, after.page) == (before.meter, before.tariff, before.page)
    assert "# a remark of the household" in home.read_text("utf-8")
    joined = home.read_bytes()
    assert main(["init", "--output", str(home), "--join", line]) == 2
    assert "has joined a community already" in capsys.readouterr().err
    assert home.read_bytes() == joined


def test_a_kit_with_certificates_is_set_up_by_the_line_and_a_foreign_certificate_is_refused(
    modbus_port: str, tmp_path: Path, community: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    Authority(tmp_path / "tls").found("elm", START_S)
    line = community.invites("--tls", str(tmp_path / "tls"))
    kit = community.folder / "kit"
    seed = (kit / "state" / "meter.key").read_text()
    assert init(kit / "home.toml", "--force", "--join", line, "--ports", modbus_port, "--device-ids", "1") == 0
    market = read(kit / "home.toml").market
    assert market is not None
    assert [str(p) for p in (market.ca_file, market.cert_file, market.key_file)] == [
        "ca.pem",
        "client.pem",
        "client.key",
    ]
    assert (kit / "state" / "meter.key").read_text() == seed
    Authority(tmp_path / "other").found("oak", START_S)
    for wrong, message in (
        (None, "put the community's ca.pem there"),
        (tmp_path / "other", "is not the certificate"),
    ):
        (kit / "ca.pem").unlink(missing_ok=True)
        if wrong is not None:
            (kit / "ca.pem").write_bytes(Authority(wrong).certificate.read_bytes())
        assert init(kit / "new.toml", "--join", line, "--modbus", f"127.0.0.1:{modbus_port}") == 2
        assert message in capsys.readouterr().err
        assert not (kit / "new.toml").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--join", "hearthgrid://join?community=elm"], "copy the whole address from the operator"),
        (["--join", "https://elm.example"], "it does not begin with hearthgrid://join?"),
    ],
)
def test_a_line_that_is_no_invitation_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    home = tmp_path / "home.toml"
    home.write_text('home = { meter = "a", state_dir = "s" }\nmeter = {}\ntariff = { import_price_per_kwh = 0.3 }\n')
    before = home.read_bytes()
    assert main(["init", "--output", str(home), *words]) == 2
    assert message in capsys.readouterr().err
    assert home.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["home.toml"]


def test_a_file_that_is_written_otherwise_is_left_and_the_keys_are_told(
    tmp_path: Path, community: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home.toml"
    home.write_text('home = { meter = "a", state_dir = "s" }\nmeter = {}\ntariff = { import_price_per_kwh = 0.3 }\n')
    before = home.read_bytes()
    assert main(["init", "--output", str(home), "--join", community.invites()]) == 2
    assert 'meter = "home-7", slot_minutes = 30' in capsys.readouterr().err
    assert home.read_bytes() == before


def test_init_takes_roof_and_charger_that_answer_beside_the_meter_and_tells_what_it_leaves(
    modbus_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home.toml"
    assert init(home, "--ports", modbus_port, "--device-ids", "1-5") == 0
    told = capsys.readouterr().out
    devices = read(home).device
    assert [(d.kind, d.id, d.device_id) for d in devices] == [("pv", "pv", 2), ("ev", "car", 3), ("pv", "pv-2", 5)]
    assert devices[0].peak_kw == 6.0
    assert "not written: heat pump at" in told and "unit 4" in told


def test_a_home_that_was_just_set_up_has_its_page(
    modbus_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home.toml"
    assert init(home, "--ports", modbus_port, "--device-ids", "1") == 0
    page = read(home).page
    assert page is not None and not page.lan
    assert f"http://127.0.0.1:{page.port}/" in capsys.readouterr().out


def test_an_answer_that_cannot_be_is_asked_for_again(
    modbus_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = ["", "hearthgrid://nowhere", "none", "0,31", "", "Our Home!", "our-home", "Mars/Base", "Europe/Vienna"]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join([*answers, "none", ""])))
    home = tmp_path / "home.toml"
    line = ["--ports", modbus_port, "--device-ids", "1", "--kettle", "0"]
    assert main(["init", "--output", str(home), *line]) == 0
    told = capsys.readouterr().out
    for word in ("it does not begin with", "'Our Home!': use a-z", "no time zone 'Mars/Base'"):
        assert word in told
    config = read(home)
    assert (config.home.meter, config.home.timezone, config.market) == ("our-home", "Europe/Vienna", None)
    assert config.tariff.import_price_per_kwh == 0.31
