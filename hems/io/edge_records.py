"""Edge records: what an energy manager stored, read beside it while it runs and after it has stopped."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from hems.io.edge_store import MIGRATIONS, StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a device was told [kW, + into the device], when [s since 1970], from which rung of the ladder, and why.

    `price_per_kwh` is what one more kWh cost then, `worth_per_h` the gain by it: both as the home's page shows them.
    """

    at_s: int
    rung: str
    power_kw: float
    code: str
    text: str
    price_per_kwh: float
    worth_per_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProblem:
    """A stored document and the start of its first slot [s since 1970]."""

    slot_s: int
    document: bytes


class EdgeRecords:
    """The records of one energy manager, never written to. Raises StoreError when they cannot be read."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise StoreError(f"{path}: not there; start `hems run` with this configuration first")
        # a file without a log beside it belongs to nobody that runs: it can be read where nothing may be written
        has_log = path.with_name(f"{path.name}-wal").exists()
        uri = f"{path.resolve().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
        try:
            self._db = sqlite3.connect(uri, uri=True)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}; it has to be the ems.db of an energy manager") from None
        if version != len(MIGRATIONS):
            self._db.close()
            wanted = (
                "upgrade this one" if version > len(MIGRATIONS) else "start `hems run` once, it brings it up to date"
            )
            raise StoreError(
                f"{path}: of another release (schema {version}, this one has {len(MIGRATIONS)}); {wanted}"
            )

    def close(self) -> None:
        """Ends the connection."""
        self._db.close()

    def problem_before(self, at_s: int) -> StoredProblem | None:
        """The problem of the newest plan that begins at or before a moment; None when there is none."""
        query = "SELECT slot_s, document FROM problems WHERE slot_s <= ? ORDER BY slot_s DESC LIMIT 1"
        row = self._db.execute(query, (at_s,)).fetchone()
        return None if row is None else StoredProblem(slot_s=row[0], document=bytes(row[1]))

    def first_and_last_s(self) -> tuple[int, int] | None:
        """First slots of the oldest and the newest problem [s since 1970]; None when there is none."""
        first, last = self._db.execute("SELECT min(slot_s), max(slot_s) FROM problems").fetchone()
        return None if first is None else (int(first), int(last))

    def newest_told_s(self) -> int | None:
        """When a device was told something last [s since 1970]; None before the first decision."""
        (at_s,) = self._db.execute("SELECT max(at_s) FROM decisions WHERE rung != 'offer'").fetchone()
        return None if at_s is None else int(at_s)

    def told(self, slot_s: int) -> dict[str, Told]:
        """What every device was told last in a slot."""
        query = (
            "SELECT device, at_s, rung, power_kw, code, text, price_per_kwh, worth_per_h FROM decisions "
            "WHERE slot_s = ? ORDER BY at_s"
        )
        return {
            device: Told(
                at_s=at_s,
                rung=rung,
                power_kw=power_kw,
                code=code,
                text=text,
                price_per_kwh=price_per_kwh,
                worth_per_h=worth_per_h,
            )
            for device, at_s, rung, power_kw, code, text, price_per_kwh, worth_per_h in self._db.execute(
                query, (slot_s,)
            )
        }
