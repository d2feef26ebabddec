"""The published documents are those of the code, and the example in the text signs as the code does."""

import json
import re
from pathlib import Path

import pytest

from wire.reasons import HINTS
from wire.schemas import asyncapi, documents, topics_table
from wire.topics import TABLE

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol"
VECTORS = Path(__file__).parents[1] / "snapshots" / "messages" / "signatures.vectors"
README = (PROTOCOL / "README.md").read_text()


@pytest.mark.parametrize("name", documents())
def test_the_published_document_is_up_to_date(name: str) -> None:
    assert json.loads((PROTOCOL / name).read_text()) == documents()[name], (
        "run: community-broker schemas docs/protocol"
    )


def test_nothing_else_is_published() -> None:
    assert {path.stem for path in (PROTOCOL / "schemas").iterdir()} == {rule.kind for rule in TABLE}


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        if not reference.startswith("#"):
            assert (PROTOCOL / reference).is_file()
            continue
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_the_text_holds_the_generated_topics_and_every_reason() -> None:
    assert topics_table() in README
    for reason, hint in HINTS.items():
        assert f"| `{reason}` | {hint} |" in README


def test_the_signing_example_gives_the_frozen_frame() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, bytes] = {}
    exec(example, names)
    vector = next(v for v in json.loads(VECTORS.read_text()) if v["kind"] == "order")
    assert names["frame"].decode() == vector["frame"]
