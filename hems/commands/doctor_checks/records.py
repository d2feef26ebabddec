"""What the records of a home say about its meter and its market; they are read, never written."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.files import read_only
from hems.commands.doctor_checks.home_place import HomePlace
from hems.control.grid_limit import NO_SIGNAL
from wire.slots import parse_utc

STALE_S = 120
UNANSWERED_S = 1800
SIGN_FROM_W = 150
PAIRS_MIN = 10
DAY_S = 86_400
NIGHT_HOURS = (23, 0, 1, 2)
NIGHT_KW = 0.02
READINGS = "readings"  # stands for the file that holds them: of the meter's process, else of the energy manager
Row = tuple[Any, ...]


def reading_is_fresh(home: HomePlace) -> Finding:
    """Whether the meter was read lately, with good quality."""

    def look(rows: Sequence[Row]) -> Finding:
        if not rows:
            return skipped("no reading yet: see the check 'programs'")
        at_s, quality = rows[0]
        age_s = int(home.now_s - at_s)
        if age_s > STALE_S:
            remedy = "see the checks 'meter answers' and 'programs'; without readings nothing is reported"
            return fail(f"the newest reading is {_age(age_s)} old", remedy=remedy)
        if quality != "good":
            return warn(f"{age_s} s old, quality {quality}", remedy="look at the meter's display and its flags")
        return ok(f"{max(0, age_s)} s old, quality {quality}")

    return _asked(home, READINGS, "SELECT at_s, quality FROM readings ORDER BY at_s DESC LIMIT 1", look)


def registers_move(home: HomePlace) -> Finding:
    """Whether the energy registers go on while power flows, and never back."""

    def look(rows: Sequence[Row]) -> Finding:
        pairs = list(pairwise(rows))
        back = [b[0] for a, b in pairs if b[2] < a[2] or b[3] < a[3]]
        if back:
            remedy = "the meter was replaced or reset: tell the operator, and see docs/settlement.md"
            return warn(f"an energy register went back at {_said(back[-1])}", remedy=remedy)
        if len(pairs) < PAIRS_MIN:
            return skipped("too few readings yet")
        flowed_wh = sum(abs(a[1]) * (b[0] - a[0]) / 3600 for a, b in pairs if b[0] - a[0] < 3600)
        moved_wh = rows[-1][2] - rows[0][2] + rows[-1][3] - rows[0][3]
        if flowed_wh > 500 and moved_wh == 0:
            return fail("power flows, the registers stand still", remedy="another register map, or a broken meter")
        return ok(f"{moved_wh} Wh registered in {_age(int(rows[-1][0] - rows[0][0]))}")

    return _asked(home, READINGS, _NEWEST_READINGS, lambda rows: look(rows[::-1]))


def sign_is_right(home: HomePlace) -> Finding:
    """Whether positive power makes the import register rise: a swapped sign turns buying into selling."""

    def look(rows: Sequence[Row]) -> Finding:
        right = wrong = 0
        for a, b in pairwise(rows):
            imported, exported = b[2] - a[2], b[3] - a[3]
            if abs(a[1]) < SIGN_FROM_W or a[1] * b[1] <= 0 or imported == exported:
                continue
            agrees = (a[1] > 0) == (imported > exported)
            right, wrong = right + agrees, wrong + (not agrees)
        if right + wrong < PAIRS_MIN:
            return skipped("too little flowed yet to tell")
        if wrong > right:
            remedy = "set power_sign to the other value in [meter], or turn the current clamp around"
            return fail(f"power and registers disagree in {wrong} of {right + wrong} readings", remedy=remedy)
        return ok(f"power and registers agree in {right} of {right + wrong} readings")

    return _asked(home, READINGS, _NEWEST_READINGS, lambda rows: look(rows[::-1]))


def no_sun_at_night(home: HomePlace) -> Finding:
    """Whether generation at night is nothing: else a clamp, a channel or the time zone is wrong."""
    if home.config is None:
        return skipped("no configuration that could be read")
    zone = ZoneInfo(home.config.home.timezone)

    def look(rows: Sequence[Row]) -> Finding:
        night = [pv for at_s, pv in rows if datetime.fromtimestamp(at_s, UTC).astimezone(zone).hour in NIGHT_HOURS]
        if not night:
            return skipped("no night recorded yet")
        shining = sum(pv > NIGHT_KW for pv in night)
        if shining > len(night) / 2:
            remedy = "check home.timezone, and which device the PV's address and id belong to"
            return fail(f"generation in {shining} of {len(night)} slots between 23:00 and 3:00", remedy=remedy)
        return ok(f"none in {len(night) - shining} of {len(night)} night slots")

    query = "SELECT slot_s, pv_kw FROM slot_means WHERE slot_s > (SELECT max(slot_s) FROM slot_means) - 1209600"
    return _asked(home, "ems.db", query, look, timely=False)


def clearing_was_seen(home: HomePlace) -> Finding:
    """Whether the market cleared a slot lately, as this home heard it."""
    if home.market is None or home.config is None:
        return skipped("no [market]: this home does not trade")
    slot_s = 60 * home.config.home.slot_minutes

    def look(rows: Sequence[Row]) -> Finding:
        if not rows or rows[0][0] is None:
            return skipped("no clearing heard yet")
        behind_s = home.now_s - parse_utc(rows[0][0])
        if behind_s > 4 * slot_s:
            remedy = "see the checks 'broker' and 'MQTT login'; ask the operator when they are fine"
            return fail(f"the last slot that cleared was {rows[0][0]}", remedy=remedy)
        return ok(f"slot {rows[0][0]}")

    return _asked(home, "meter.db", "SELECT max(slot) FROM market WHERE kind = 'clearing'", look)


def receipts_came(home: HomePlace) -> Finding:
    """Whether the broker has receipted what the meter sent: what is old and unanswered does not count yet."""
    if home.market is None:
        return skipped("no [market]: this home does not trade")

    def look(rows: Sequence[Row]) -> Finding:
        old = [f"{kind} {slot}" for kind, slot in rows if home.now_s - parse_utc(slot) > UNANSWERED_S]
        if old:
            what = f"{len(old)} without a receipt, the oldest: {old[0]}"
            return warn(what, remedy="they are sent again by themselves; see 'broker' and 'member' when it grows")
        return ok(f"{len(rows)} waiting, none for long")

    return _asked(home, "meter.db", "SELECT kind, slot FROM outbox WHERE answered = 0 ORDER BY slot", look)


def operator_is_honest(home: HomePlace) -> Finding:
    """Whether the meter found the market operator doing what its proofs do not allow."""
    if home.market is None:
        return skipped("no [market]: this home does not trade")

    def look(rows: Sequence[Row]) -> Finding:
        if rows:
            at_s, value = rows[0]
            what = f"{len(rows)} findings, the newest {_said(at_s)}: {value.removeprefix('market audit: ')}"
            remedy = "keep meter.db, run 'community-broker verify' on what you heard, and ask the operator"
            return fail(what, remedy=remedy)
        return ok("every proof held")

    query = "SELECT at_s, value FROM health WHERE value LIKE 'market audit:%' ORDER BY at_s DESC LIMIT 1000"
    return _asked(home, "meter.db", query, look, timely=False)


def grid_signal_comes(home: HomePlace) -> Finding:
    """Whether the network operator's signal is heard, as the energy manager noted it last."""
    table = None if home.config is None else home.config.grid_limit
    if table is None:
        return skipped("no [grid_limit]: nobody limits this connection")

    def look(rows: Sequence[Row]) -> Finding:
        if not rows:
            return ok("no limit so far")
        at_s, value = rows[0]
        said = f"{value}, since {_said(at_s)}"
        if value.startswith(NO_SIGNAL):
            return fail(said, remedy="look at what publishes grid_limit.topic, and at the server in [mqtt]")
        return ok(said)

    query = "SELECT at_s, value FROM health WHERE name = 'grid_limit' ORDER BY rowid DESC LIMIT 1"
    return _asked(home, "ems.db", query, look)


_NEWEST_READINGS = (
    "SELECT at_s, power_w, import_wh, export_wh FROM readings WHERE power_w IS NOT NULL"
    " AND import_wh IS NOT NULL AND export_wh IS NOT NULL ORDER BY at_s DESC LIMIT 2000"
)


def _asked(
    home: HomePlace, name: str, query: str, look: Callable[[Sequence[Row]], Finding], *, timely: bool = True
) -> Finding:
    """What `look` finds in the rows of a query; `timely` checks say nothing about a home in announced time."""
    if name == READINGS:
        name = "meter.db" if home.config is None else home.config.readings_file
    path = home.state(name)
    if home.config is None or not path.exists():
        return skipped("no records yet", str(path))
    if timely and home.is_driven:
        return skipped("a driven clock: the records are not of now")
    try:
        with read_only(path) as connection:
            return look(connection.execute(query).fetchall())
    except sqlite3.Error as error:
        return fail(f"cannot be read: {error}", where=str(path), remedy="see the check of this database")


def _age(seconds: int) -> str:
    if seconds < 600:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 4 * 3600 else f"{seconds // 3600} h"


def _said(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%MZ")
