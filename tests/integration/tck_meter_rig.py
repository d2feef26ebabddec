"""A meter under test for the test kit: `hems meter` on an emulated meter and a driven clock, its home scripted."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from broker_rig import START_S, free_port, meter_key, mosquitto

from conformance.transcript import Transcript
from conformance.transcript_file import read_transcript
from hems.app.key import load_or_make_key
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy, strategy_to_line
from hems.io.home_link import connected
from hems.io.local_socket import METER_SOCKET, socket_path
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from wire.signing import SigningKey
from wire.slots import format_utc, slot_at

COMMUNITY, METER = "elm", "home-1"
HOME = """[home]
meter = "{meter}"
state_dir = "state"
[meter]
port = {modbus}
[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[clock]
mode = "driven"
[market]
community = "{community}"
broker_key = "{key}"
port = {mqtt}
"""
LOAD_W = 1_800.0
STEPS = (Step("buy", 250_000, 500), Step("buy", 150_000, 300), Step("sell", 310_000, 200))


async def _scripted_home(state: Path, house: Meter) -> None:
    """An energy manager that wants the same in every slot; its house draws a constant power."""
    path = socket_path(state, METER_SOCKET)
    while not path.exists():  # noqa: ASYNC110 - a file that another process makes
        await asyncio.sleep(0.02)
    traded = 0
    async with connected(path) as (lines, send):
        async for line in lines:
            if line["type"] != "instant":
                continue
            house.advance(float(line["now_s"]), (LOAD_W / 3,) * 3)
            slot = slot_at(line["now_s"], 15).shifted(1)
            if slot.start_s > traded:
                traded = slot.start_s
                send(strategy_to_line(Strategy(slot=slot, steps=STEPS, net_wh=(800, 100))))
            send({"type": "done", "instant": line["instant"], "next_s": None})


def _start_meter(directory: Path, *, modbus: int, tap: int, broker_key: str) -> subprocess.Popen[bytes]:
    text = HOME.format(meter=METER, modbus=modbus, community=COMMUNITY, key=broker_key, mqtt=tap)
    (directory / "home.toml").write_text(text)
    command = [sys.executable, "-m", "hems.cli", "meter", "--config", str(directory / "home.toml")]
    with (directory / "meter.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


async def _run(directory: Path, mqtt: int) -> dict[str, Any]:
    """The report of `hems tck meter`, which the meter under test reaches through the kit's tap."""
    house = Meter(MeterConfig(), START_S)
    server = HomeServer(house, {}, now=lambda: START_S)
    modbus, tap = await server.start(), free_port()
    state = directory / "state"
    state.mkdir()
    key = load_or_make_key(state / "meter.key")
    (directory / "seed").write_text(meter_key(77).secret[:32].hex())
    words = ["meter", "--port", str(mqtt), "--community", COMMUNITY, "--meter", METER, "--meter-key", key.public_hex]
    words += ["--broker-seed", str(directory / "seed"), "--tap", str(tap), "--slot-minutes", "15"]
    words += ["--driven", format_utc(START_S), "--transcript", str(directory / "transcript.jsonl"), "--json"]
    kit = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hems.cli", "tck", *words, stdout=asyncio.subprocess.PIPE
    )
    meter = _start_meter(directory, modbus=modbus, tap=tap, broker_key=meter_key(77).public_hex)
    home = asyncio.create_task(_scripted_home(state, house))
    try:
        said, _ = await asyncio.wait_for(kit.communicate(), 120)
        assert kit.returncode == 0, said.decode()
        report: dict[str, Any] = json.loads(said)
        return report
    finally:
        home.cancel()
        if kit.returncode is None:
            kit.kill()
            await kit.wait()
        meter.kill()
        meter.wait(10)
        with suppress(asyncio.CancelledError):
            await home
        await server.stop()


def recorded(directory: Path) -> tuple[Transcript, SigningKey, dict[str, Any]]:
    """A run against the meter process of this release: transcript, the meter's key, the report of the command."""
    with mosquitto(directory) as port:
        report = asyncio.run(_run(directory, port))
    log = (directory / "meter.log").read_text()
    assert "Traceback" not in log, log
    transcript, subject = read_transcript(directory / "transcript.jsonl")
    assert subject == "meter"
    return transcript, load_or_make_key(directory / "state" / "meter.key"), report
