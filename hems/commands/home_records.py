"""What a home's two processes recorded, read beside them for the commands that only show it."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from doctor.machine.files import is_locked, read_only
from hems.io.edge_store import MIGRATIONS, StoreError
from hems.io.process_lock import METER_LOCK, RUN_LOCK
from hems.site.config import ConfigError, HomeConfig, parse_config, resolved
from wire.messages import Award, Clearing, Settlement

Row = tuple[Any, ...]


class HomeUnreadable(Exception):
    """The home's files cannot be read: the message says which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRecords:
    """A home's configuration and state directory."""

    path: Path
    config: HomeConfig

    @property
    def base(self) -> Path:
        """Where relative paths of the configuration start."""
        return self.path.resolve().parent

    @property
    def state_dir(self) -> Path:
        """The state directory."""
        return resolved(self.base, self.config.home.state_dir)

    @property
    def running(self) -> dict[str, bool]:
        """Which of the two programs run."""
        programs = {"energy_manager": RUN_LOCK, "meter": METER_LOCK}
        return {name: is_locked(self.state_dir / lock) for name, lock in programs.items()}

    def now_s(self) -> int:
        """The moment to speak of [s since 1970]: now, of a home in announced time that of its newest reading."""
        if self.config.clock.mode == "driven":
            newest = self.rows(self.config.readings_file, "SELECT max(at_s) FROM readings")
            if newest and newest[0][0] is not None:
                return int(newest[0][0])
        return int(time.time())

    def rows(self, name: str, query: str, *values: object) -> list[Row]:
        """The rows of a query on `ems.db` or `meter.db`, [] where the file is not there yet.

        Raises: StoreError when it cannot be read or is of another release.
        """
        path = self.state_dir / name
        if not path.exists():
            return []
        with _opened(path) as connection:
            return connection.execute(query, values).fetchall()

    def clearings(self, from_label: str) -> dict[str, Clearing]:
        """The last clearing of every slot from one on, by slot."""
        found: dict[str, Clearing] = {}
        for text in self._messages(Clearing.kind, from_label):
            message = _read(Clearing, text)
            if isinstance(message, Clearing):
                found[message.slot] = message
        return found

    def awards(self, from_label: str) -> dict[str, list[Award]]:
        """The awards of every slot from one on, by slot."""
        found: dict[str, list[Award]] = {}
        for text in self._messages(Award.kind, from_label):
            message = _read(Award, text)
            if isinstance(message, Award):
                found.setdefault(message.slot, []).append(message)
        return found

    def settlements(self, from_label: str) -> list[Settlement]:
        """The settlements and corrections of the slots from one on, oldest first."""
        rows = self.rows(
            "meter.db",
            "SELECT message FROM market WHERE slot >= ? AND (kind = 'settlement' OR kind LIKE 'correction-%')",
            from_label,
        )
        found = [_read(Settlement, text) for (text,) in rows]
        settled = [message for message in found if isinstance(message, Settlement)]
        return sorted(settled, key=lambda message: (message.slot, message.log_index))

    def _messages(self, kind: str, from_label: str) -> list[str]:
        query = "SELECT message FROM market WHERE kind = ? AND slot >= ? ORDER BY slot"
        return [text for (text,) in self.rows("meter.db", query, kind, from_label)]


def home_records(path: Path) -> HomeRecords:
    """The records of the home of a configuration file.

    Raises: HomeUnreadable, ConfigError.
    """
    try:
        return HomeRecords(path=path, config=parse_config(path.read_text(encoding="utf-8"), str(path)))
    except OSError as error:
        raise HomeUnreadable(f"{path}: {error.strerror}; name the home's TOML file") from None
    except UnicodeDecodeError:
        raise HomeUnreadable(f"{path}: not UTF-8 text; name the home's TOML file") from None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with read_only(path) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != len(MIGRATIONS):
                raise StoreError(
                    f"{path}: of another release (schema {version}, this one has {len(MIGRATIONS)});"
                    " start the home once, or upgrade this program"
                )
            yield connection
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; see 'hems doctor'") from None


def _read(model: type[Clearing | Award | Settlement], text: str) -> Clearing | Award | Settlement | None:
    """A stored message; None for one that another release stored and this one cannot read."""
    try:
        return model.model_validate_json(text)
    except ValidationError:
        return None


def marginal_prices(detail: str) -> list[float]:
    """What one more kWh is worth in each slot of a stored plan [currency/kWh]."""
    try:
        found = json.loads(detail).get("marginal_per_kwh", [])
    except (ValueError, AttributeError):
        return []
    return [float(price) for price in found]


UNREADABLE = (HomeUnreadable, ConfigError, StoreError)
