"""What the redacted archive of a community holds beside the findings."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from broker.commands.doctor_checks.community_place import CommunityPlace
from broker.control.ports import StorageFailed
from broker.io.people import people_of
from doctor.bundle import write_bundle
from doctor.check import Result
from doctor.machine.files import is_readable, read_only


def write_archive(path: Path, place: CommunityPlace, found: Sequence[Result]) -> None:
    """Writes the archive. Raises: OSError when it cannot be written."""
    databases = {file.name: _summary(file) for file in (place.state.journal, place.state.records)}
    texts = {
        "broker.toml": _text(place.path),
        "databases.json": json.dumps(databases, indent=1) + "\n",
        "health.json": json.dumps(_health(place.state.records), indent=1) + "\n",
    }
    write_bundle(path, found, texts, known=_secrets(place), made_s=int(place.now_s))


def _secrets(place: CommunityPlace) -> list[str]:
    """What stands in the files of keys, passwords and tokens, and the names of people."""
    files = [place.state.secret, place.state.key]
    if place.config is not None and place.config.mqtt.password_file is not None:
        files.append(place.config.mqtt.password_file)
    token_file = getattr(getattr(place.config, "telemetry", None), "token_file", None)
    files += [] if token_file is None else [place.path.resolve().parent / token_file]
    try:
        people = people_of(place.state.people).values()
    except StorageFailed:
        people = {}.values()
    names = [text for person in people for text in (person.name, person.contact)]
    return [text.strip() for text in (*map(_text, files), *names) if text.strip()]


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


def _health(records: Path) -> dict[str, Any]:
    if not is_readable(records):
        return {}
    try:
        with read_only(records) as connection:
            counts = connection.execute("SELECT code, count(*) FROM rejection GROUP BY code ORDER BY code").fetchall()
            outcomes = connection.execute("SELECT outcome, count(*) FROM clearing GROUP BY outcome").fetchall()
            figures = connection.execute("SELECT name, value FROM health ORDER BY name").fetchall()
    except sqlite3.Error as error:
        return {"problem": str(error)}
    return {"figures": dict(figures), "rejections_by_code": dict(counts), "clearings_by_outcome": dict(outcomes)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
