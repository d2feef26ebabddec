"""The shipped Mosquitto configuration on a loopback port: TLS, client certificates, the access list."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker_rig import free_port, until_open

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf"


class SecuredMosquitto:
    """A running server and what it said."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log

    def log(self) -> str:
        """Everything logged so far."""
        return self._log.read_text()


def written_configuration(folder: Path, tls: Path, port: int) -> Path:
    """The shipped file with the container's paths and port replaced, and nothing else."""
    text = CONFIGURATION.read_text()
    for shipped, here in (
        ("/mosquitto/tls/", f"{tls}/"),
        ("/mosquitto/data/", f"{folder}/"),
        ("listener 8883\n", f"listener {port} 127.0.0.1\n"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    path = folder / "mosquitto.conf"
    path.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
    return path


@contextmanager
def secured_mosquitto(folder: Path, tls: Path, port: int | None = None) -> Iterator[SecuredMosquitto]:
    """Mosquitto with the certificates and access list in `tls`, ended by its pid."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    port = free_port() if port is None else port
    log = folder / "mosquitto.log"
    with log.open("wb") as sink:
        child = subprocess.Popen(
            [program, "-c", str(written_configuration(folder, tls, port))], stderr=sink, stdout=sink
        )
    try:
        until_open(port)
        yield SecuredMosquitto(port, log)
    finally:
        ended = child.poll()
        child.terminate()
        child.wait(10)
        assert ended is None, f"mosquitto ended by itself with {ended}: {log.read_text()[-500:]}"
