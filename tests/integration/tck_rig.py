"""A broker under test for the test kit: mosquitto with an ACL, a driven clock, members, a stranger."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker_rig import COMMUNITY, START_S, BrokerChild, _until_open, free_port, meter_key, write_config

from broker.io.state_dir import StateDir
from conformance.broker_run import BrokerOptions, record_broker
from conformance.identity import Member
from conformance.link import Server
from conformance.transcript import Transcript
from wire.signing import SigningKey

STAGES = """[[market.stages]]
kind = "bilateral"
gate_lead_s = 600
[[market.stages]]
kind = "intraday"
gate_lead_s = 300
horizon_slots = 4
[[market.stages]]
kind = "intraday"
stage = "sealed"
gate_lead_s = 60
horizon_slots = 4
sealed = true
[[market.stages]]
kind = "balancing"
"""
ACL = """user broker
topic readwrite hearthgrid/v1/{c}/#
pattern write hearthgrid/v1/{c}/meter/%u/+
pattern write hearthgrid/v1/{c}/shared/%u/+
pattern read hearthgrid/v1/{c}/member/%u/+
pattern read hearthgrid/v1/{c}/public/+
pattern read hearthgrid/v1/{c}/shared/+/+
pattern readwrite hearthgrid/v1/{c}/clock/#
"""


@contextmanager
def guarded_mosquitto(directory: Path) -> Iterator[int]:
    """The port of a mosquitto that knows its users by name and lets each do only what is its own."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    port = free_port()
    (directory / "acl").write_text(ACL.format(c=COMMUNITY))
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 0", "set_tcp_nodelay true"]
    lines += [f"acl_file {directory / 'acl'}", *(["user root"] if os.geteuid() == 0 else [])]
    (directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    with (directory / "mosquitto.log").open("wb") as sink:
        child = subprocess.Popen([program, "-c", str(directory / "mosquitto.conf")], stderr=sink, stdout=sink)
    try:
        _until_open(port)
        yield port
    finally:
        child.terminate()
        child.wait(10)


def broker_config(directory: Path, port: int) -> Path:
    """A broker of two members with open, sealed and bilateral trade, and quotas that are soon used up."""
    path = write_config(directory, port, meters=2)
    text = path.read_text().replace("horizon_slots = 4\n", "path_rounds_max = 6\n")
    text = text.replace("messages_per_slot_max = 10000", "messages_per_slot_max = 20")
    path.write_text(text.replace("[mqtt]", STAGES + '[mqtt]\nusername = "broker"', 1))
    return path


def members() -> list[Member]:
    """Both members and a stranger, each under its own user name."""
    own = [Member(meter=f"home-{n}", key=meter_key(n), username=f"home-{n}") for n in (1, 2)]
    return [*own, Member(meter="nobody", key=meter_key(9), username="nobody", role="stranger")]


def recorded(directory: Path) -> tuple[Transcript, SigningKey]:
    """A run against the broker of this release, killed and started again on the way, and the broker's key."""
    with guarded_mosquitto(directory) as port:
        broker = BrokerChild(broker_config(directory, port))
        broker.start()

        async def kill() -> None:
            await asyncio.to_thread(broker.kill)

        async def again() -> None:
            broker.start()

        options = BrokerOptions(driven_from_s=START_S, kill=kill, start=again)
        try:
            server = Server(host="127.0.0.1", port=port)
            transcript = asyncio.run(record_broker(server, COMMUNITY, members(), options))
            return transcript, StateDir(directory / "state").read_key()
        finally:
            broker.kill()
            assert "Traceback" not in broker.log()
