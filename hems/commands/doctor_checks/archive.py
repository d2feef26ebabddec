"""What the redacted archive of a home holds beside the findings."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from doctor.bundle import write_bundle
from doctor.check import Result
from doctor.machine.files import is_readable, read_only
from hems.commands.doctor_checks.home_place import HomePlace

DATABASES = ("ems.db", "meter.db")
HEALTH_ROWS, READING_ROWS = 300, 2_000
AUDIT = "market audit: "


def write_archive(path: Path, home: HomePlace, found: Sequence[Result], *, with_readings: bool) -> None:
    """Writes the archive. Raises: OSError when it cannot be written."""
    texts = {
        "home.toml": _text(home.path),
        "databases.json": json.dumps({name: _summary(home.state(name)) for name in DATABASES}, indent=1) + "\n",
        "health.csv": _csv(("at_s", "name", "value"), _health(home)),
    }
    if with_readings:
        heads = ("at_s", "power_w", "import_wh", "export_wh", "quality")
        query = f"SELECT {', '.join(heads)} FROM readings ORDER BY at_s DESC LIMIT {READING_ROWS}"
        name = DATABASES[1] if home.config is None else home.config.readings_file
        texts["readings.csv"] = _csv(heads, _rows(home.state(name), query))
    write_bundle(path, found, texts, known=_secrets(home), made_s=int(home.now_s))


def _health(home: HomePlace) -> list[Sequence[Any]]:
    query = f"SELECT at_s, name, value FROM health ORDER BY at_s DESC LIMIT {HEALTH_ROWS}"
    rows = [row for name in DATABASES for row in _rows(home.state(name), query)]
    return [(at_s, name, _without_amounts(value)) for at_s, name, value in rows]


def _without_amounts(value: str) -> str:
    """A finding of the market audit without its detail, which may tell what was used."""
    return ": ".join(value.split(": ")[:3]) if value.startswith(AUDIT) else value


def _secrets(home: HomePlace) -> list[str]:
    """What stands in the files of keys, passwords and tokens of this home."""
    paths = [home.state("meter.key")]
    for table in (home.market, home.table("telemetry"), home.table("mqtt"), home.table("home_assistant")):
        paths += [home.base / path for key in ("password_file", "token_file") if (path := getattr(table, key, None))]
    return [text.strip() for path in paths if (text := _text(path)).strip()]


def _summary(path: Path) -> dict[str, Any]:
    """Size, schema and rows of each table of a database."""
    if not is_readable(path):
        return {"readable": False}
    try:
        with read_only(path) as connection:
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    except sqlite3.Error as error:
        return {"bytes": path.stat().st_size, "problem": str(error)}
    return {"bytes": path.stat().st_size, "schema": schema, "rows": counts}


def _rows(path: Path, query: str) -> list[Sequence[Any]]:
    if not is_readable(path):
        return []
    try:
        with read_only(path) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.Error:
        return []


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
