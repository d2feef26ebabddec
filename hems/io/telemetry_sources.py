"""The sources of one home: its tables, what only exists between rows, and the buffers of its processes."""

from collections.abc import Iterator
from pathlib import Path

from hems.io import telemetry_rows as rows_as
from hems.io.price_file import prices_of
from hems.site.config import HomeConfig
from telemetry.buffer_source import BufferSource
from telemetry.database import Database, Row
from telemetry.source import Backlog, Batch, Cursor, Source
from telemetry.table_source import TableSource
from wire.messages import Settlement
from wire.quantities import micro_per_kwh
from wire.telemetry import Point

EMS_BUFFER, METER_BUFFER = "ems-telemetry.db", "meter-telemetry.db"
BOUNDARY_S = 60
SLOTS = """
    WITH firsts AS (
        SELECT at_s - at_s % :width AS slot_s, min(at_s) AS first_s, import_wh, export_wh
        FROM readings WHERE at_s >= :from_s GROUP BY at_s - at_s % :width
    )
    SELECT a.slot_s, b.import_wh - a.import_wh, b.export_wh - a.export_wh
    FROM firsts AS a JOIN firsts AS b ON b.slot_s = a.slot_s + :width
    WHERE a.slot_s > :after AND a.first_s - a.slot_s <= :boundary AND b.first_s - b.slot_s <= :boundary
    ORDER BY a.slot_s LIMIT :most
"""


def home_sources(config: HomeConfig, base: Path) -> list[Source]:
    """Everything that `hems telemetry` carries for a home.

    Raises: ConfigError when the file of the tariff cannot be used.
    """
    folder, site, meter = base / config.home.state_dir, config.site, config.home.meter
    ems, metered = Database(folder / "ems.db"), Database(folder / "meter.db")
    read = Database(folder / config.readings_file)
    readings = "power_w, import_wh, export_wh, quality"
    decisions = "device, at_s, rung, power_kw, code, price_per_kwh, worth_per_h, text"
    return [
        TableSource(
            "readings",
            read,
            "readings",
            readings,
            lambda rows: rows_as.grid_points(site, meter, rows),
            key="at_s",
            is_time=True,
        ),
        SlotEnergySource(read, site, meter, 60 * config.home.slot_minutes),
        TableSource(
            "slot_means",
            ems,
            "slot_means",
            "base_kw, pv_kw",
            lambda rows: rows_as.mean_points(site, rows),
            key="slot_s",
            is_time=True,
        ),
        TableSource(
            "decisions",
            ems,
            "decisions",
            decisions,
            lambda rows: rows_as.decision_points(site, rows),
            time_column="at_s",
        ),
        TableSource(
            "market", metered, "market", "kind, message", lambda rows: rows_as.message_points(site, meter, rows)
        ),
        money_source(config, base, metered),
        TableSource("ems_health", ems, "health", "at_s, name, value", lambda rows: rows_as.health_points(site, rows)),
        TableSource(
            "meter_health", metered, "health", "at_s, name, value", lambda rows: rows_as.health_points(site, rows)
        ),
        *(BufferSource(folder / name) for name in (EMS_BUFFER, METER_BUFFER)),
    ]


class SlotEnergySource:
    """Energy of slots from the readings at their ends: a slot without a reading near both ends is left out."""

    name = "slot_energy"

    def __init__(self, database: Database, site: str, meter: str, slot_s: int) -> None:
        self._database = database
        self._site, self._meter = site, meter
        self._slot_s = slot_s

    def read(self, cursor: Cursor, rows_max: int) -> Batch | None:
        """The next slots that are over."""
        rows = self._rows(cursor, min(rows_max, 1_000))
        if not rows:
            return None
        points = list(rows_as.energy_points(self._site, self._meter, rows))
        moved = {"file": self._database.identity, "after": int(rows[-1][0])}
        return Batch(points=points, cursor=moved, rows=len(rows))

    def _rows(self, cursor: Cursor, most: int) -> list[Row]:
        after = cursor["after"] if cursor.get("file") == self._database.identity else -1
        values = {"width": self._slot_s, "from_s": after, "after": after, "boundary": BOUNDARY_S, "most": most}
        return self._database.rows(SLOTS, values)

    def backlog(self, cursor: Cursor) -> Backlog:
        """How many slots wait, up to a thousand."""
        rows = self._rows(cursor, 1_000)
        return Backlog(rows=len(rows), oldest_s=int(rows[0][0]) if rows else None)


def money_source(config: HomeConfig, base: Path, database: Database) -> Source:
    """Money by slot: a new correction carries its slot once more, with everything that is known of it then."""
    tariff = prices_of(config.tariff, base, config.home.timezone)
    slot_s = 60 * config.home.slot_minutes

    def prices(start_s: int) -> tuple[int, int]:
        retail, feed_in = tariff.prices(start_s, slot_s, 1)
        return micro_per_kwh(float(retail[0])), micro_per_kwh(float(feed_in[0]))

    def points(rows: list[Row]) -> Iterator[Point]:
        slots = dict.fromkeys(slot for _, slot, kind in rows if is_settlement(kind))
        for slot in slots:
            query = "SELECT kind, message FROM market WHERE slot = ?"
            texts = [text for kind, text in database.rows(query, (slot,)) if is_settlement(kind)]
            settled = [found for text in texts if (found := rows_as.read(Settlement, text)) is not None]
            if any(found.corrects is None for found in settled):
                yield rows_as.money_point(config.site, config.home.meter, settled, prices)

    return TableSource("money", database, "market", "slot, kind", points)


def is_settlement(kind: str) -> bool:
    """Whether a row of `market` is a settlement or a correction of one."""
    return kind == Settlement.kind or kind.startswith("correction-")
