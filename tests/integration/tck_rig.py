"""A broker under test for the test kit: mosquitto with an ACL, a driven clock, members, a stranger."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broker_rig import COMMUNITY, START_S, free_port, meter_key, until_open, write_config

from broker.io.state_dir import StateDir
from conformance.transcript import Transcript
from conformance.transcript_file import read_transcript
from wire.signing import SigningKey
from wire.slots import format_utc

STAGES = """[[market.stages]]
kind = "day_ahead"
gate_at = "11:00"
time_zone = "UTC"
[[market.stages]]
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
kind = "intraday"
stage = "asked"
mechanism = "iterated_price"
gate_lead_s = 30
horizon_slots = 4
sealed = true
[[market.stages]]
kind = "flexibility"
gate_lead_s = 3300
horizon_slots = 8
[[market.stages]]
kind = "balancing"
"""
# feed-in exceeds retail in the slot of 09:30; corrections count for half an hour
CORRECT_WITHIN_S = 1_800
TARIFF = f"""[settlement]
correct_within_s = {CORRECT_WITHIN_S}
[tariff]
kind = "time_of_use"
time_zone = "UTC"
periods = [
    {{ from = "00:00", to = "09:30", import_price_per_kwh = 0.30, export_price_per_kwh = 0.10 }},
    {{ from = "09:30", to = "09:45", import_price_per_kwh = 0.10, export_price_per_kwh = 0.30 }},
    {{ from = "09:45", to = "00:00", import_price_per_kwh = 0.30, export_price_per_kwh = 0.10 }},
]
"""
ACL = """user broker
topic readwrite hearthgrid/v1/{c}/#
pattern write hearthgrid/v1/{c}/meter/%u/+
pattern write hearthgrid/v1/{c}/shared/%u/+
pattern read hearthgrid/v1/{c}/member/%u/+
pattern read hearthgrid/v1/{c}/public/+
pattern read hearthgrid/v1/{c}/shared/+/+
pattern readwrite hearthgrid/v1/{c}/clock/#
pattern write hearthgrid/v1/{c}/gateway/%u/batch
pattern read hearthgrid/v1/{c}/relay/%u/bundle
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A run, the key of the broker, and what the command said of it."""

    transcript: Transcript
    key: SigningKey
    status: int
    report: dict[str, Any]
    page: str


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
        until_open(port)
        yield port
    finally:
        child.terminate()
        child.wait(10)


def broker_config(directory: Path, port: int) -> Path:
    """A broker of two members with open, sealed and bilateral trade, and quotas that are soon used up."""
    path = write_config(directory, port, meters=2)
    text = path.read_text().replace("horizon_slots = 4\n", "path_rounds_max = 6\n")
    text = text.replace("messages_per_slot_max = 10000", "messages_per_slot_max = 20")
    text = text[: text.index("[tariff]")] + TARIFF + text[text.index("[[members]]") :]
    path.write_text(text.replace("[mqtt]", STAGES + '[mqtt]\nusername = "broker"', 1))
    return path


CALL = "--name {call} --first-slot {slot} --reduce-wh 150 --reserve-price-per-kwh 0.40"
STARTER = """
import subprocess, sys
log = open({log!r}, "ab")
child = subprocess.Popen([{python!r}, *{program!r}, "run", "--config", {config!r}], stdout=log, stderr=log)
open({pid!r}, "w").write(str(child.pid))
"""


def _start_script(directory: Path, config: Path, program: Sequence[str]) -> Path:
    """A script that starts the broker, keeps its process id and returns, as a service manager does."""
    script = directory / "start.py"
    script.write_text(
        STARTER.format(
            log=str(directory / "broker.log"),
            python=sys.executable,
            program=list(program),
            config=str(config),
            pid=str(directory / "broker.pid"),
        )
    )
    return script


def _kill(directory: Path) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((directory / "broker.pid").read_text()), signal.SIGKILL)


def recorded(directory: Path, program: Sequence[str] = ("-m", "broker.cli")) -> Recorded:
    """`hems tck broker` against the broker of this release, killed and started again on the way."""
    keys = [{"meter": f"home-{n}", "username": f"home-{n}", "seed": meter_key(n).secret[:32].hex()} for n in (1, 2)]
    keys.append({"meter": "nobody", "username": "nobody", "seed": meter_key(9).secret[:32].hex(), "role": "stranger"})
    keys.append({"meter": "pole", "username": "pole", "seed": meter_key(8).secret[:32].hex(), "role": "gateway"})
    (directory / "keys.json").write_text(json.dumps({"members": keys}))
    with guarded_mosquitto(directory) as port:
        start = [sys.executable, str(_start_script(directory, broker_config(directory, port), program))]
        kill = f"bash -c 'kill -KILL $(cat {directory / 'broker.pid'})'"
        transcript = directory / "transcript.jsonl"
        words = ["broker", "--port", str(port), "--community", COMMUNITY, "--members", str(directory / "keys.json")]
        words += [
            "--correct-within",
            str(CORRECT_WITHIN_S),
            "--driven",
            format_utc(START_S),
            "--call",
            f"bash -c '{sys.executable} -m broker.cli call {directory / 'state'} {CALL} >/dev/null'",
            "--kill",
            kill,
            "--start",
            shlex.join(start),
            "--json",
        ]
        words += ["--transcript", str(transcript), "--html", str(directory / "report.html")]
        try:
            subprocess.run(start, check=True)
            done = subprocess.run(
                [sys.executable, "-m", "hems.cli", "tck", *words],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        finally:
            _kill(directory)
    assert "Traceback" not in (directory / "broker.log").read_text()
    assert not done.stderr, done.stderr
    return Recorded(
        transcript=read_transcript(transcript)[0],
        key=StateDir(directory / "state").read_key(),
        status=done.returncode,
        report=json.loads(done.stdout),
        page=(directory / "report.html").read_text(),
    )
