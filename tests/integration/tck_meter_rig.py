"""A meter under test for the test kit: `hems meter` on an emulated meter and a driven clock, its home scripted."""

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from broker_rig import START_S, meter_key, mosquitto

from conformance.identity import Member
from conformance.link import Server
from conformance.meter_run import MeterOptions, record_meter
from conformance.played_broker import PlayedBroker
from conformance.transcript import Transcript
from hems.app.key import load_or_make_key
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy, strategy_to_line
from hems.io.home_link import connected, socket_path
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from wire.signing import SigningKey
from wire.slots import slot_at

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
    path = socket_path(state)
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


async def _run(directory: Path, mqtt: int) -> Transcript:
    house = Meter(MeterConfig(), START_S)
    server = HomeServer(house, {}, now=lambda: START_S)
    modbus = await server.start()
    state = directory / "state"
    state.mkdir()
    key = load_or_make_key(state / "meter.key")
    played = PlayedBroker(community=COMMUNITY, meter=METER, key=meter_key(77), minutes=15)
    children: list[subprocess.Popen[bytes]] = []

    def start(tapped: int) -> None:
        text = HOME.format(meter=METER, modbus=modbus, community=COMMUNITY, key=played.key.public_hex, mqtt=tapped)
        (directory / "home.toml").write_text(text)
        command = [sys.executable, "-m", "hems.cli", "meter", "--config", str(directory / "home.toml")]
        with (directory / "meter.log").open("wb") as log:
            children.append(subprocess.Popen(command, stdout=log, stderr=log))

    home = asyncio.create_task(_scripted_home(state, house))
    options = MeterOptions(driven_from_s=START_S, tap_port=0, on_tap=start)
    broker = Member(meter="broker", key=played.key)
    try:
        return await record_meter(Server(host="127.0.0.1", port=mqtt), broker, played, key.public, options)
    finally:
        home.cancel()
        for child in children:
            child.kill()
            child.wait(10)
        with suppress(asyncio.CancelledError):
            await home
        await server.stop()


def recorded(directory: Path) -> tuple[Transcript, SigningKey]:
    """The transcript of a run against the meter process of this release, and the meter's key."""
    with mosquitto(directory) as port:
        transcript = asyncio.run(_run(directory, port))
    log = (directory / "meter.log").read_text()
    assert "Traceback" not in log, log
    return transcript, load_or_make_key(directory / "state" / "meter.key")
