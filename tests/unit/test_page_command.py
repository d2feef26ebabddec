"""`hems page`: links for the network, and how they end."""

import json
import time
from pathlib import Path

import pytest

from hems.cli import main
from web.access import Access

HOME = """
[home]
meter = "h1"
state_dir = "state"
[meter]
[tariff]
import_price_per_kwh = 0.3
[page]
port = 8123
"""


def _config(folder: Path, more: str = "") -> str:
    path = folder / "home.toml"
    path.write_text(HOME + more)
    return str(path)


def test_a_link_opens_a_session_in_the_running_page_and_revoke_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path, 'lan = true\nnames = ["pi.home"]\n')
    assert main(["page", "link", "--config", config, "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["links"]
    assert first.startswith("http://pi.home:8123/enter#")
    serving = Access(tmp_path / "state" / "page", time.time)
    session = serving.session_for(first.partition("#")[2])
    assert session is not None and serving.is_session(session)
    assert main(["page", "revoke", "--config", config]) == 0
    assert "1 sessions ended" in capsys.readouterr().out
    assert not serving.is_session(session)


def test_a_link_as_a_picture_for_a_phone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "link", "--config", _config(tmp_path, 'lan = true\nnames = ["pi"]\n'), "--qr"]) == 0
    told = capsys.readouterr().out
    assert told.count("\n") > 12 and "within 15 minutes" in told


@pytest.mark.parametrize(
    ("more", "expected"), [("", "lan = true"), ("lan = 7\n", "page.lan"), ("[page]\n", "not TOML")]
)
def test_a_home_without_a_page_for_the_network_gets_no_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, expected: str
) -> None:
    assert main(["page", "link", "--config", _config(tmp_path, more)]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "state").exists()
