"""A small site that runs while mistakes are made against it: MQTT server, broker with one member, meters."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from broker.io.mosquitto_acl import mosquitto_acl
from broker.io.state_dir import StateDir
from twin.demo.mqtt_server import free_port
from wire.signing import key_from_seed

WAIT_S = 20.0
PASSWORD = "correct horse"
SEED = bytes(range(32))
YEAR_2026_S = 1_780_000_000
ROOT = Path(__file__).parents[2]


class NotInstalled(Exception):
    """A program that the site needs is not there: the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where everything listens; `seed` is the key of home-1, the enrolled member."""

    folder: Path
    open_port: int
    login_port: int
    tls_port: int
    expired_port: int
    meter_port: int
    other_port: int
    broker_key: str

    @property
    def ca(self) -> Path:
        """The certificate of the CA that signed the server's."""
        return self.folder / "ca.crt"

    @property
    def other_ca(self) -> Path:
        """A CA that signed nothing here."""
        return self.folder / "other.crt"


@contextmanager
def running_site() -> Iterator[Site]:
    """The site, while the context lasts.

    Raises: NotInstalled.
    """
    mosquitto = _program("mosquitto")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthgrid-site-")))
        folder.chmod(0o755)
        ports = [free_port() for _ in range(6)]
        _certificates(folder)
        _server_files(folder, ports)
        stack.enter_context(_child([mosquitto, "-c", str(folder / "mosquitto.conf")], folder / "mosquitto.log"))
        _until(ports[0])
        _broker_file(folder, ports[0])
        stack.enter_context(
            _child(_python("broker.cli", "run", "--config", "broker.toml"), folder / "broker.log", folder)
        )
        stack.enter_context(
            _child(_python("meter_firmware_sim.cli", "run", "--port", str(ports[4])), folder / "sim.log", folder)
        )
        stack.enter_context(_foreign_device(ports[5]))
        _until(ports[4])
        _until(ports[5])
        _until_said(folder / "broker.log", "connected")
        yield Site(
            folder=folder,
            open_port=ports[0],
            login_port=ports[1],
            tls_port=ports[2],
            expired_port=ports[3],
            meter_port=ports[4],
            other_port=ports[5],
            broker_key=StateDir(folder / "state").read_key().public_hex,
        )


def _server_files(folder: Path, ports: Sequence[int]) -> None:
    subprocess.run([_program("mosquitto_passwd"), "-c", "-b", "passwd", "home-1", PASSWORD], cwd=folder, check=True)
    subprocess.run([_program("mosquitto_passwd"), "-b", "passwd", "home-2", PASSWORD], cwd=folder, check=True)
    (folder / "passwd").chmod(0o644)
    (folder / "acl").write_text(mosquitto_acl("elm"))
    lines = ["per_listener_settings true", *(["user root"] if os.geteuid() == 0 else [])]
    lines += [f"listener {ports[0]} 127.0.0.1", "allow_anonymous true"]
    lines += [
        f"listener {ports[1]} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {folder}/passwd",
        f"acl_file {folder}/acl",
    ]
    for port, name in ((ports[2], "server"), (ports[3], "expired")):
        lines += [f"listener {port} 127.0.0.1", "allow_anonymous true", f"cafile {folder}/ca.crt"]
        lines += [f"certfile {folder}/{name}.crt", f"keyfile {folder}/{name}.key"]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")


def _certificates(folder: Path) -> None:
    """Two CAs, a server's certificate for 127.0.0.1, and one that has expired."""
    openssl = _program("openssl")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        run(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "300",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.crt",
        )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, days in (("server", ["-days", "300"]), ("expired", ["-days", "-1"])):
        run(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=server",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        run(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            *days,
            "-extfile",
            "names",
            "-out",
            f"{name}.crt",
        )
        (folder / f"{name}.key").chmod(0o644)


def _broker_file(folder: Path, port: int) -> None:
    (folder / "broker.toml").write_text(
        f'community = "elm"\n[market]\ngroup_min = 2\n[mqtt]\nport = {port}\n'
        '[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.32\nexport_price_per_kwh = 0.08\n'
        f'[[members]]\nmeter = "home-1"\npublic_key = "{key_from_seed(SEED).public_hex}"\n'
        "nameplate_import_w = 11000\nnameplate_export_w = 11000\n"
    )


@contextmanager
def _foreign_device(port: int) -> Iterator[None]:
    """A Modbus device that is no SunSpec meter: registers that count up."""
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        data = SimData(0, values=list(range(200)), datatype=DataType.REGISTERS)
        await ModbusTcpServer(SimDevice(1, simdata=[data]), address=("127.0.0.1", port)).serve_forever()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            return

    task = loop.create_task(serve())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(5)


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", module, *words]


@contextmanager
def _child(command: list[str], log: Path, folder: Path | None = None) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=sink, cwd=folder, env=environment)
    try:
        yield
    finally:
        child.terminate()
        child.wait(10)


def _until(port: int) -> None:
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")


def _until_said(log: Path, word: str) -> None:
    end_s = time.monotonic() + WAIT_S
    while word not in log.read_text():
        if time.monotonic() > end_s:
            raise RuntimeError(f"{log} never says {word!r}: {log.read_text()[-500:]}")
        time.sleep(0.02)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotInstalled(f"{name} is not installed")
    return found
