"""`docs/meters.md` does what it says: its commands run, its TOML is taken, its promises about sizes hold."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from broker_rig import mosquitto
from mqtt_household import repeated

from hems.cli import main
from hems.io.peers import check_peers
from hems.metering.foreign.payload import PAYLOAD_BYTES_MAX
from hems.site.config import config_from

TEXT = (Path(__file__).parents[2] / "docs" / "meters.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
TOML = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
REST: dict[str, Any] = {
    "home": {"meter": "home-1", "state_dir": "state"},
    "tariff": {"import_price_per_kwh": 0.3},
    "meter": {},
}


def test_the_meter_played_by_hand_is_tested_and_its_kettle_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("mosquitto_pub is not installed")
    monkeypatch.setattr("hems.io.meter_watch.EVERY_S", 0.05)
    test, before, kettle = COMMANDS
    assert [shlex.split(line)[0] for line in COMMANDS] == ["hems", "mosquitto_pub", "mosquitto_pub"]

    with mosquitto(tmp_path) as port:

        def play(i: int) -> None:
            line = [program, "-p", str(port), *shlex.split(before if i < 10 else kettle)[1:]]
            subprocess.run(line, check=True, timeout=20)

        options = [*shlex.split(test)[1:], "--port", str(port), "--seconds", "2.5", "--json"]
        with repeated(play, 0.05):
            assert main(options) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["sign"], told["power_w"], told["import_wh"]) == ("right", 2310, 1_234_571)


@pytest.mark.parametrize("text", TOML, ids=range(len(TOML)))
def test_every_example_of_a_configuration_is_taken(text: str) -> None:
    config = config_from({**REST, **tomllib.loads(text)}, "docs/meters.md")
    check_peers(config, "docs/meters.md", Path())


def test_the_size_cap_is_the_one_that_is_written() -> None:
    assert f"larger than {PAYLOAD_BYTES_MAX // 1024} KiB" in TEXT
