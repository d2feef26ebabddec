"""The commands of docs/integrate.md do what the page says, in a sandbox of their own."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker_rig import WAIT_S, Peer, free_port

from twin.sandbox.files import COMMUNITY
from wire.messages import Receipt, StatusAnswer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integrate.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[int]:
    """The port of a sandbox that runs as a child."""
    for program in ("mosquitto_sub", "mosquitto_pub"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    port = free_port()
    command = [sys.executable, "-m", "twin.cli", "sandbox", "--port", str(port), "--out", "out/sandbox"]
    child = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    )
    assert child.stdout is not None
    try:
        assert COMMUNITY in child.stdout.readline()
        yield port
    finally:
        child.terminate()
        printed, _ = child.communicate(timeout=20)
        assert child.returncode == 0, printed
        assert "Traceback" not in printed, printed
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "the MQTT server of the sandbox is still there"


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def _ran(script: str, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_leads_to_a_receipted_order_and_an_answer(sandbox: int, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    peer = Peer(sandbox, community=COMMUNITY)
    try:
        _ran("\n".join(BLOCKS).replace("1883", str(sandbox)), tmp_path)
        receipt = peer.expect(Receipt, "test-1", wait_s=WAIT_S, of="order")
        answer = peer.expect(StatusAnswer, "test-1", wait_s=WAIT_S)
        assert isinstance(receipt, Receipt) and isinstance(answer, StatusAnswer)
        assert (answer.slot, answer.order_digest) == (receipt.slot, receipt.digest)
    finally:
        peer.close()


def test_every_kind_of_message_has_an_example_that_its_schema_takes() -> None:
    import jsonschema

    from wire.codec import decode
    from wire.messages import BY_KIND
    from wire.schemas import asyncapi
    from wire.topics import BINARY

    protocol = ROOT / "docs" / "protocol"
    examples = {path.stem: path for path in (protocol / "examples").iterdir()}
    kinds = set(asyncapi()["channels"]) - set(BINARY)
    assert set(examples) == set(BY_KIND) == kinds, "copy tests/snapshots/messages/KIND.json to it"
    for kind, path in examples.items():
        schema = json.loads((protocol / "schemas" / f"{kind}.json").read_text("utf-8"))
        jsonschema.validate(json.loads(path.read_text("utf-8")), schema, cls=jsonschema.Draft202012Validator)
        decode(BY_KIND[kind], path.read_bytes().rstrip(b"\n"))


def test_the_reasons_of_the_page_exist() -> None:
    from wire.reasons import Reason

    table = PAGE.split("## When something goes wrong")[1].split("## The test kit")[0]
    codes = {
        code for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }
    assert len(codes) >= 10
    assert codes <= {reason.value for reason in Reason}
