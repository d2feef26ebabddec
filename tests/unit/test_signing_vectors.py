"""The vectors follow from the code and agree with published ones; examples in three languages agree with them."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.signing_vectors import FILE, ROOT, vectors
from wire.checkpoint import parse_verifier_key, tree_head
from wire.merkle import extends, includes
from wire.signing import key_from_seed, open_frame

EXAMPLES = ROOT / "examples" / "signing"
VECTORS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
ORDER = next(frame for frame in VECTORS["frames"] if frame["kind"] == "order")
RECEIPT = next(frame for frame in VECTORS["frames"] if frame["kind"] == "receipt")
SEED = VECTORS["keys"]["meter"]["seed"]
# Heads of 1 to 8 leaves as the test data of the certificate transparency log have them.
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_the_published_vectors_are_those_of_the_code() -> None:
    assert vectors() == VECTORS, "run: python scripts/signing_vectors.py"


@pytest.mark.parametrize("vector", VECTORS["rfc8032"], ids=["1", "2", "3"])
def test_keys_and_signatures_are_those_of_rfc_8032(vector: dict[str, str]) -> None:
    from nacl.bindings import crypto_sign

    key = key_from_seed(bytes.fromhex(vector["seed"]))
    assert key.public_hex == vector["public_key"]
    assert crypto_sign(bytes.fromhex(vector["message_hex"]), key.secret)[:64].hex() == vector["signature_hex"]


def test_tree_heads_are_those_of_certificate_transparency() -> None:
    assert VECTORS["rfc6962"]["roots"] == CT_ROOTS


def test_every_proof_of_the_vectors_holds_and_no_other_leaf_has_it() -> None:
    trees = [VECTORS["rfc6962"], VECTORS["round"]["orders"], VECTORS["round"]["awards"]]
    for one in [row for tree in trees for row in tree["inclusion"]]:
        leaf, root = bytes.fromhex(one["leaf_hash"]), bytes.fromhex(one["root"])
        proof = [bytes.fromhex(node) for node in one["proof"]]
        assert leaf == hashlib.sha256(b"\0" + bytes.fromhex(one["leaf_hex"])).digest()
        assert includes(one["index"], one["size"], leaf, proof, root)
        assert not includes(one["index"], one["size"], root, proof, root)
    for row in VECTORS["rfc6962"]["consistency"]:
        heads = bytes.fromhex(row["old_root"]), bytes.fromhex(row["root"])
        proof = [bytes.fromhex(node) for node in row["proof"]]
        assert extends(row["old_size"], heads[0], row["size"], heads[1], proof)


def test_every_frame_opens_with_its_key_and_the_checkpoint_with_the_key_of_the_log() -> None:
    for frame in VECTORS["frames"]:
        public = bytes.fromhex(frame["public_key"])
        payload = open_frame(frame["frame"].encode(), public, frame["kind"], frame["community"])
        assert payload == frame["payload"].encode()
    said = VECTORS["checkpoint"]
    name, public = parse_verifier_key(said["verifier_key"])
    head = tree_head(said["note"], name, public)
    assert (head.size, head.root.hex()) == (said["size"], said["root"])


@pytest.fixture(scope="module", params=["python", "javascript", "c"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    command = _command(request.param, tmp_path_factory)

    def call(*words: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        line = [*command, *map(str, words)]
        return subprocess.run(line, input=data, capture_output=True, check=False, timeout=60)

    return call


def _command(language: str, folders: pytest.TempPathFactory) -> list[str]:
    if language == "python":
        return [sys.executable, str(EXAMPLES / "signing.py")]
    if language == "javascript":
        node = shutil.which("node")
        if node is None:
            pytest.skip("the example in JavaScript needs Node 16 or later")
        return [node, str(EXAMPLES / "signing.mjs")]
    compiler, headers = shutil.which("cc") or shutil.which("gcc"), Path("/usr/include/openssl/evp.h")
    if compiler is None or not headers.exists():
        pytest.skip("the example in C needs a compiler and libssl-dev")
    program = folders.mktemp("c") / "signing"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"]
    built = subprocess.run(
        [compiler, *flags, "-o", str(program), str(EXAMPLES / "signing.c"), "-lcrypto"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    return [str(program)]


def test_an_example_signs_an_order_as_the_code_does(run: Run) -> None:
    done = run("sign", SEED, "order", ORDER["community"], data=ORDER["payload"].encode())
    assert (done.returncode, done.stdout.decode()) == (0, ORDER["frame"])


def test_an_example_opens_a_receipt_and_refuses_a_changed_one_or_another_kind(run: Run) -> None:
    words = ("open", RECEIPT["public_key"], "receipt", RECEIPT["community"])
    frame = RECEIPT["frame"].encode()
    done = run(*words, data=frame)
    assert (done.returncode, done.stdout.decode()) == (0, RECEIPT["payload"])
    assert run(*words, data=frame.replace(b'"sequence":1', b'"sequence":2')).returncode == 1
    assert run("open", RECEIPT["public_key"], "order", RECEIPT["community"], data=frame).returncode == 1
    assert run(*words, data=b"junk").returncode == 1


def test_an_example_checks_an_award_against_the_root_of_the_clearing(run: Run) -> None:
    for row in VECTORS["round"]["awards"]["inclusion"]:
        place = (row["index"], row["size"])
        assert run("included", *place, row["leaf_hash"], row["root"], *row["proof"]).returncode == 0
        assert run("included", *place, row["root"], row["root"], *row["proof"]).returncode == 1
        assert run("included", *place, row["leaf_hash"], row["root"], *row["proof"][1:]).returncode == 1
