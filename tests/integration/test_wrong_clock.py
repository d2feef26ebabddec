"""A member whose clock is wrong against a live market: it trades nothing, and says why wherever people look."""

import asyncio
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from broker_rig import free_port, meter_key, mosquitto, until_open

from benchmarks.mistakes.run_process import clock_shim
from broker.io.state_dir import StateDir
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy, strategy_to_line
from hems.io.home_link import connected
from hems.io.local_socket import METER_SOCKET, socket_path
from wire.slots import slot_at

WAIT_S = 60.0
BROKER = """
community = "elm"
[market]
group_min = 2
slot_minutes = 5
gate_lead_s = 1
[mqtt]
port = {port}
[tariff]
kind = "constant"
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[[members]]
meter = "home-1"
public_key = "{key}"
nameplate_import_w = 11000
nameplate_export_w = 11000
"""
HOME = """
[home]
meter = "home-1"
state_dir = "state"
timezone = "UTC"
slot_minutes = 5
[meter]
port = {modbus}
[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[page]
port = {page}
[market]
community = "elm"
broker_key = "{key}"
port = {port}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member whose clock is off; its processes, and what it has published for the market."""

    folder: Path
    environment: dict[str, str]
    page: int
    shift_s: int
    published: list[str]

    def hems(self, *words: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "hems.cli", *words, "--config", "home.toml"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        return done.stdout

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    async def trades(self) -> None:
        """Hands the meter's process a strategy for its next slot, as its home does, until it has taken it."""
        slot = slot_at(int(time.time()) + self.shift_s, 5).shifted(1)
        steps = (Step(side="buy", price_micro=200_000, energy_wh=300),)
        path = socket_path(self.folder / "state", METER_SOCKET)
        async with asyncio.timeout(WAIT_S), connected(path) as (lines, send):
            send(strategy_to_line(Strategy(slot=slot, steps=steps, net_wh=(300,))))
            async for line in lines:
                if line["type"] == "taken":
                    return


@contextmanager
def child(folder: Path, name: str, words: list[str], environment: dict[str, str]) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=sink, stderr=sink, env=environment
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def until_said(path: Path, word: str) -> None:
    end_s = time.monotonic() + WAIT_S
    while word not in path.read_text(errors="replace"):
        assert time.monotonic() < end_s, f"{path.name} never says {word!r}: {path.read_text()[-800:]}"
        time.sleep(0.05)


@contextmanager
def member(folder: Path, shift_s: int) -> Iterator[Member]:
    """A live market with one member, whose two processes have a shifted clock."""
    right = {**os.environ, "PYTHONUNBUFFERED": "1"}
    shifted = right | {"LD_PRELOAD": str(clock_shim()), "CLOCK_SHIFT_S": str(shift_s)}
    modbus, page = free_port(), free_port()
    with ExitStack() as stack:
        port = stack.enter_context(mosquitto(folder))
        (folder / "broker.toml").write_text(BROKER.format(port=port, key=meter_key(1).public_hex))
        stack.enter_context(child(folder, "broker", ["broker.cli", "run", "--config", "broker.toml"], right))
        until_said(folder / "broker.log", "connected")
        home = folder / "home"
        (home / "state").mkdir(parents=True, mode=0o700)
        (home / "state" / "meter.key").write_text((1).to_bytes(32, "big").hex() + "\n")
        (home / "state" / "meter.key").chmod(0o600)
        broker_key = StateDir(folder / "state").read_key().public_hex
        (home / "home.toml").write_text(HOME.format(modbus=modbus, page=page, key=broker_key, port=port))
        stack.enter_context(child(home, "sim", ["meter_firmware_sim.cli", "run", "--port", str(modbus)], right))
        until_open(modbus)
        published: list[str] = []
        listener = paho.Client(paho.CallbackAPIVersion.VERSION2)
        listener.on_message = lambda _client, _data, message: published.append(message.topic.rsplit("/", 1)[1])
        listener.connect("127.0.0.1", port)
        listener.subscribe("hearthgrid/v1/elm/meter/home-1/+", 1)
        listener.loop_start()
        stack.callback(listener.loop_stop)
        stack.callback(listener.disconnect)
        stack.enter_context(child(home, "meter", ["hems.cli", "meter", "--config", "home.toml"], shifted))
        yield Member(folder=home, environment=shifted, page=page, shift_s=shift_s, published=published)


@pytest.mark.parametrize(("shift_s", "words"), [(-3600, "behind"), (3600, "ahead of")])
def test_a_clock_an_hour_off_trades_nothing_and_is_named_wherever_people_look(
    tmp_path: Path, shift_s: int, words: str
) -> None:
    with member(tmp_path, shift_s) as home:
        until_said(home.folder / "meter.log", f"{words} the market's: nothing is traded or reported")
        asyncio.run(home.trades())
        far = rf"about (5|6)\d min {words} the market's"  # within a slot, before the first gate
        assert re.search(rf"no order, this computer's clock is {far}", home.log("meter"))
        assert not {"order", "plan", "report"} & set(home.published)
        assert re.search(rf"not trading, this computer's clock is {far}: connect the machine", home.hems("status"))
        assert re.search(rf"FAIL +market clock +{far}", home.hems("doctor"))
        with child(home.folder, "run", ["hems.cli", "run", "--config", "home.toml"], home.environment):
            until_open(home.page)
            until_shown(f"http://127.0.0.1:{home.page}/", "No trading: the clock is wrong")


def until_shown(url: str, word: str) -> None:
    end_s = time.monotonic() + WAIT_S
    while True:
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            shown = answer.read().decode()
        if word in shown:
            return
        assert time.monotonic() < end_s, f"the page never shows {word!r}"
        time.sleep(0.5)


def test_a_clock_that_is_right_trades(tmp_path: Path) -> None:
    with member(tmp_path, 0) as home:
        end_s = time.monotonic() + WAIT_S
        while "hello" not in home.published:
            assert time.monotonic() < end_s, home.log("meter")
            time.sleep(0.05)
        asyncio.run(home.trades())
        while "order" not in home.published:
            assert time.monotonic() < end_s, home.log("meter")
            time.sleep(0.05)
        assert "not trading" not in home.hems("status")
        assert "rejected" not in home.log("meter")  # a market that has just begun knows no slot before: no matter
