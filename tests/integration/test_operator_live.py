"""The operator's commands on a running community, and doctors on a running site: real server, broker and meter."""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.mistakes import run_process
from benchmarks.mistakes.network import network_mistakes
from benchmarks.mistakes.site import PASSWORD, SEED, NotInstalled, Site, running_site
from broker.cli import main as broker_main
from hems.cli import main as hems_main

Ran = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    try:
        with running_site() as running:
            yield running
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Runs a command in this process, while the site runs in others: (exit status, what it printed)."""

    def run(main: Callable[[list[str]], int], *words: str) -> tuple[int, str]:
        status = main(list(words))
        printed = capsys.readouterr()
        assert status == 0, printed.out + printed.err
        return status, printed.out

    return run


def test_a_running_community_is_paused_enrolled_into_revoked_backed_up_and_audited(
    site: Site, tmp_path: Path, ran: Ran
) -> None:
    def operator(*words: str) -> str:
        return ran(broker_main, *words)[1]

    state, config = str(site.folder / "state"), str(site.folder / "broker.toml")
    assert "trading is paused" in operator("pause", state, "--reason", "work on the transformer")
    assert "trading goes on" in operator("resume", state, "--reason", "done")
    added = operator(
        "add-member", "--config", config, "--meter", "home-7", "--out", str(tmp_path / "kit"),
        "--nameplate-import-w", "5000", "--nameplate-export-w", "0",
    )  # fmt: skip
    assert "home-7 added" in added
    assert "enrolled" in added
    assert "is revoked" in operator("revoke", state, "--meter", "home-7", "--reason", "stolen")
    assert "records" in operator("backup", state, "--to", str(tmp_path / "copy"), "--config", config)
    operator("restore", str(tmp_path / "copy"), "--to", str(tmp_path / "again"))
    members = {
        row["meter"]: row["state"] for row in json.loads(operator("members", str(tmp_path / "again"), "--json"))
    }
    assert members == {"home-1": "active", "home-7": "revoked"}
    what = [row["what"] for row in json.loads(operator("audit", state, "--json"))]
    assert what[-4:] == ["market_paused", "market_resumed", "enrolled", "member_revoked"]
    assert "home-7 is readmitted" in operator("readmit", state, "--meter", "home-7", "--reason", "found again")


def test_the_broker_s_doctor_finds_a_healthy_community_and_its_archive_holds_no_secret(
    site: Site, tmp_path: Path, ran: Ran
) -> None:
    out = tmp_path / "out.tar.gz"
    config = str(site.folder / "broker.toml")
    told = json.loads(ran(broker_main, "doctor", "--config", config, "--json", "--bundle", str(out))[1])
    verdicts = {row["check"]: row["verdict"] for row in told["checks"]}
    assert len(verdicts) >= 25
    for check in ("journal chain", "ledger", "replay", "process", "MQTT server", "MQTT login", "calendar"):
        assert verdicts[check] == "ok", check
    with tarfile.open(out) as archive:
        everything = b"".join(archive.extractfile(name).read() for name in archive.getnames())  # type: ignore[union-attr]
    for name in ("secret", "broker.key"):
        assert (site.folder / "state" / name).read_text().strip().encode() not in everything


def test_the_home_s_doctor_finds_its_market_over_a_login_with_rights_of_its_own(
    site: Site, tmp_path: Path, ran: Ran
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    key = tmp_path / "state" / "meter.key"
    key.write_text(SEED.hex())
    key.chmod(0o600)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "home.toml").write_text(
        f'[home]\nmeter = "home-1"\nstate_dir = "state"\n[meter]\nport = {site.meter_port}\n'
        "[tariff]\nimport_price_per_kwh = 0.32\nexport_price_per_kwh = 0.08\n"
        f'[market]\ncommunity = "elm"\nbroker_key = "{site.broker_key}"\nport = {site.login_port}\n'
        'username = "home-1"\npassword_file = "password"\n'
    )
    told = json.loads(ran(hems_main, "doctor", "--config", str(tmp_path / "home.toml"), "--json")[1])
    rows = {row["check"]: row for row in told["checks"]}
    for check in ("meter answers", "MQTT login", "broker", "calendar", "market clock", "member"):
        assert rows[check]["verdict"] == "ok", rows[check]
    assert rows["MQTT rights"]["what"] == "own topics only"
    assert told["healthy"]


@pytest.mark.parametrize(
    "name", ["certificate expired", "broker key wrong", "register map wrong", "clock an hour slow"]
)
def test_mistakes_on_the_network_are_told_with_their_remedy(site: Site, name: str) -> None:
    mistake = next(mistake for mistake in network_mistakes(site) if mistake.name == name)
    try:
        outcome = run_process.lived(mistake)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert not outcome.problem, f"{outcome.problem}\n{outcome.output}"
