"""Files that are right, which mistakes are made in."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from hems.io.edge_store import EdgeStore

KEY = "ab" * 32
HOME = """[home]
meter = "home-1"
state_dir = "state"
timezone = "Europe/Vienna"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
"""
MARKET = f"""[market]
community = "elm"
broker_key = "{KEY}"
port = 1
"""
BATTERY = """[[device]]
id = "battery"
kind = "battery"
device_id = 2
capacity_kwh = 10
charge_kw_max = 5
discharge_kw_max = 5
"""
BROKER = f"""community = "elm"
state_dir = "state"
[mqtt]
port = 1
[tariff]
kind = "constant"
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
[[members]]
meter = "home-1"
public_key = "{KEY}"
nameplate_import_w = 11000
nameplate_export_w = 10000
"""
Prepare = Callable[[Path], Sequence[str]]


def home(*edits: tuple[str, str], more: str = "", words: Sequence[str] = ("run", "--check")) -> Prepare:
    """A home's configuration with edits, and a command of `hems` on it."""

    def prepare(folder: Path) -> list[str]:
        path = folder / "home.toml"
        path.write_text(_edited(HOME, edits) + more, encoding="utf-8")
        return ["hems", *words, "--config", str(path)]

    return prepare


def broker(*edits: tuple[str, str], more: str = "", words: Sequence[str] = ("run", "--check")) -> Prepare:
    """A broker's configuration with edits, and a command of `community-broker` on it."""

    def prepare(folder: Path) -> list[str]:
        path = folder / "broker.toml"
        path.write_text(_edited(BROKER, edits) + more, encoding="utf-8")
        return ["community-broker", *words, "--config", str(path)]

    return prepare


def then(first: Prepare, act: Callable[[Path], None]) -> Prepare:
    """What was prepared, after which something happens to the folder."""

    def prepare(folder: Path) -> Sequence[str]:
        words = first(folder)
        act(folder)
        return words

    return prepare


def command(*words: str) -> Prepare:
    """A command alone; FOLDER in a word is the folder."""
    return lambda folder: [word.replace("FOLDER", str(folder)) for word in words]


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Something that writes a file."""

    def act(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return act


def newer_schema(name: str) -> Callable[[Path], None]:
    """Something that makes a database of a later release."""

    def act(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version=99")
        database.close()

    return act


def readings(rows: Sequence[tuple[int, int, int, int]]) -> Callable[[Path], None]:
    """Something that stores meter readings (at_s, power_w, import_wh, export_wh) as a home that runs alone does."""

    def act(folder: Path) -> None:
        store = EdgeStore(folder / "state" / "ems.db")
        store.add("readings", [(*row, "good") for row in rows])
        store.close()

    return act


def case(edit: Callable[[dict[str, object]], object]) -> Prepare:
    """A planning case with a mistake, and `hems plan` on it."""

    def prepare(folder: Path) -> list[str]:
        document = json.loads(
            (Path(__file__).parents[2] / "tests/cases/planning/001-battery-dynamic-price.json").read_text()
        )
        found = document.get("case", document)
        edit(found)
        path = folder / "case.json"
        path.write_text(json.dumps(found), encoding="utf-8")
        return ["hems", "plan", str(path)]

    return prepare


def _edited(text: str, edits: Sequence[tuple[str, str]]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
