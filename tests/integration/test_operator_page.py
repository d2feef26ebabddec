"""The operator's page as a process of its own over the records of a settled community: what it shows and checks."""

import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from market_rig import meter_key
from playwright.sync_api import sync_playwright
from settled_state import settled_state

from broker.settlement.regulation import NOTHING

CHROMIUM = shutil.which("chromium")
HOURS = 40
CONFIG = """
community = "elm"
state_dir = "state"
[market]
slot_minutes = 60
[page]
port = 0
{page}
[tariff]
kind = "constant"
import_price_per_kwh = 0.12
export_price_per_kwh = 0.04
"""
MEMBER = '[[members]]\nmeter = "home-{n}"\npublic_key = "{key}"\nnameplate_import_w = 1\nnameplate_export_w = 1\n'


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("community")
    settled_state(folder / "state", NOTHING, hours=HOURS)
    write_config(folder)
    return folder


def write_config(folder: Path, page: str = "") -> None:
    members = "".join(MEMBER.format(n=n, key=meter_key(n).public_hex) for n in (1, 2, 3, 4))
    (folder / "broker.toml").write_text(CONFIG.format(page=page) + members)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the page's process."""
    command = [sys.executable, "-m", "broker.cli", "page", "--config", str(folder / "broker.toml")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.readline()
        found = re.search(r"http://[\d.:]+", first)
        assert found, first + child.stderr.read()
        yield found.group()
    finally:
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=20)
        assert "Traceback" not in errors


def get(address: str, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response.read().decode()


def a_traded_round(folder: Path) -> tuple[str, str]:
    """The slot of a round that traded, and its path under /round and /replay."""
    with sqlite3.connect(folder / "state" / "records.db") as database:
        (slot,) = database.execute("SELECT slot FROM clearing WHERE volume_wh > 0 ORDER BY slot LIMIT 1").fetchone()
    database.close()
    return slot, f"intraday/0/{quote(slot, safe='')}"


@pytest.fixture
def copied(settled: Path, tmp_path: Path) -> Path:
    shutil.copytree(settled, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_an_operator_finds_a_round_and_clears_it_again_in_a_browser(settled: Path) -> None:
    slot, _ = a_traded_round(settled)
    with served(settled) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        said, foreign = list[str](), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: foreign.append(request.url) if address not in request.url else None)
        page.goto(address)
        assert "home-4" in page.locator(".notice").inner_text()  # is enrolled, was never heard
        page.get_by_role("link", name="Rounds", exact=True).click()
        page.get_by_role("heading", name="Rounds", exact=True).wait_for()  # the click only changes the address
        shown = slot.removesuffix(":00Z").replace("T", " ")
        page.locator("[data-view=rounds]").get_by_role("link", name=shown, exact=True).click()
        page.get_by_text("Clear this round again").click()
        page.get_by_text("The same to the last unit: 3 orders").wait_for(timeout=20_000)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.goto(f"{address}/#ledger")
        page.get_by_text("Check everything now").click()
        page.get_by_text("entries add up to 0").wait_for(timeout=60_000)
        browser.close()
    assert (said, foreign) == ([], [])


def test_a_changed_clearing_is_found_when_its_round_is_cleared_again(copied: Path) -> None:
    _, path = a_traded_round(copied)
    with sqlite3.connect(copied / "state" / "records.db") as database:
        database.execute(
            "UPDATE public SET payload = CAST("
            "replace(CAST(payload AS TEXT), '\"volume_wh\":', '\"volume_wh\":1') AS BLOB)"
            " WHERE kind = 'clearing'"
        )
    database.close()
    with served(copied) as address:
        status, text = get(address, f"/replay/{path}")
        found = json.loads(text)
        assert status == 200
        assert found["text"].startswith("Different: ")
        assert "volume_wh" in found["text"]
        assert not found["report"]["honest"]
        assert json.loads(get(address, "/check")[1])["text"].startswith("Different: ")


def test_a_page_that_is_open_hears_what_the_broker_writes(copied: Path) -> None:
    slot, _ = a_traded_round(copied)
    with served(copied) as address:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
        connection.request("GET", "/events")
        stream = connection.getresponse()
        assert next(line for line in stream if line.startswith(b"data: ")) > b""
        with sqlite3.connect(copied / "state" / "records.db") as database:
            database.execute(
                "INSERT INTO rejection VALUES (99999, 0, 'home-1', 'order', 'gate_closed', NULL, '', ?, x'')",
                ("2099" + slot[4:],),
            )
        database.close()
        pushed = json.loads(next(line for line in stream if line.startswith(b"data: "))[6:])
        assert "gate_closed" in pushed["members"]
        assert "rounds" not in pushed  # it did not change
        connection.close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "evil.example"}, 421),
        ("/", {"Origin": "http://evil.example"}, 403),
        ("/round/intraday/0/nowhere", {}, 404),
        ("/round/intraday/x/2025-05-30T05:00:00Z", {}, 404),
        ("/replay/other/0/2025-05-30T05:00:00Z", {}, 404),
    ],
)
def test_what_is_not_there_and_who_is_foreign_is_told_so(
    loopback: str, path: str, headers: dict[str, str], status: int
) -> None:
    found, text = get(loopback, path, **headers)
    assert found == status
    assert {"error", "to_do"} == json.loads(text).keys()


@pytest.fixture(scope="module")
def loopback(settled: Path) -> Iterator[str]:
    with served(settled) as address:
        yield address


def test_the_network_gets_in_by_a_link_alone(copied: Path) -> None:
    write_config(copied, "lan = true")
    with served(copied) as address:
        port = urlsplit(address).port
        assert get(address, "/")[0] == 401
        link = subprocess.run(
            [sys.executable, "-m", "broker.cli", "page", "--config", str(copied / "broker.toml"), "--link"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/enter", body=link.strip().partition("#")[2])
        cookie = (connection.getresponse().getheader("Set-Cookie") or "").partition(";")[0]
        assert get(address, "/", Cookie=cookie)[0] == 200


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_link_is_printed_on_a_terminal_and_never_into_a_log(
    settled: Path, tmp_path: Path, *, is_terminal: bool
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(settled, copied)
    write_config(copied, "lan = true")
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    command = [sys.executable, "-m", "broker.cli", "page", "--config", str(copied / "broker.toml")]
    child = subprocess.Popen(command, stdout=theirs)
    os.close(theirs)
    try:
        with os.fdopen(ours) as said:
            told = said.readline() + said.readline()
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=20)
    assert ("/enter#" in told) == is_terminal, told
    assert is_terminal or "--link" in told, told
    links = copied / "state" / "page" / "links"
    assert (len(list(links.iterdir())) if links.exists() else 0) == is_terminal, "no link lies about for nobody"


def test_without_a_broker_the_command_says_what_to_start(tmp_path: Path) -> None:
    write_config(tmp_path)
    found = subprocess.run(
        [sys.executable, "-m", "broker.cli", "page", "--config", str(tmp_path / "broker.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "start `community-broker run` first" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "state").exists()
