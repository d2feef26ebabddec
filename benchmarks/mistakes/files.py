"""Mistakes with state directories, keys, databases, cases and data files."""

from pathlib import Path

from benchmarks.mistakes.examples import (
    BATTERY,
    MARKET,
    broker,
    case,
    command,
    home,
    newer_schema,
    readings,
    then,
    write,
)
from benchmarks.mistakes.mistake import Mistake
from hems.io.process_lock import METER_LOCK, RUN_LOCK, ProcessLock

RUN, METER = ("run",), ("meter",)
FULL = 20_000
NOON_S = 1_800_000_000
HELD: list[ProcessLock] = []


def held(name: str) -> object:
    """Something that locks a state directory as the running program does."""

    def act(folder: Path) -> None:
        HELD.append(ProcessLock(folder / "state" / name))

    return act


def swapped(count: int) -> list[tuple[int, int, int, int]]:
    """Readings of a meter whose power has the other sign than its registers."""
    return [(NOON_S + 60 * i, -1200, 20 * i, 0) for i in range(count)]


STATE: tuple[Mistake, ...] = (
    Mistake(
        name="state directory is a file",
        did="gives a file as home.state_dir",
        prepare=then(home(words=RUN), write("state", "")),
        says=("state", "make home.state_dir a directory|name another"),
    ),
    Mistake(
        name="no permission",
        did="puts the state directory where nobody may write",
        prepare=home(('state_dir = "state"', 'state_dir = "/sys/hearthgrid"'), words=RUN),
        says=("/sys/hearthgrid", "that this user can write|another"),
    ),
    Mistake(
        name="state directory too deep",
        did="chooses a path longer than a socket's may be",
        prepare=home(('state_dir = "state"', f'state_dir = "{"s" * 120}"'), more=MARKET, words=METER),
        says=("too long for a local socket", "shorten home.state_dir"),
    ),
    Mistake(
        name="energy manager twice",
        did="starts a second 'hems run' on one state directory",
        prepare=then(home(words=RUN), held(RUN_LOCK)),  # type: ignore[arg-type]
        says=("in use by another 'hems run'", "stop it first"),
    ),
    Mistake(
        name="meter twice",
        did="starts a second 'hems meter' on one state directory",
        prepare=then(home(more=MARKET, words=METER), held(METER_LOCK)),  # type: ignore[arg-type]
        says=("in use by another 'hems meter'", "stop it first"),
    ),
    Mistake(
        name="database damaged",
        did="copies something over ems.db",
        prepare=then(home(words=RUN), write("state/ems.db", b"x" * 5_000)),
        says=(r"ems\.db", "restore a backup or move the file away"),
    ),
    Mistake(
        name="database of a newer release",
        did="goes back to an older release",
        prepare=then(home(words=RUN), newer_schema("state/ems.db")),
        says=("written by a newer release", "upgrade this one"),
    ),
    Mistake(
        name="key damaged",
        did="edits meter.key",
        prepare=then(home(more=MARKET, words=METER), write("state/meter.key", "not a key\n")),
        says=("not a key of 64 hexadecimal digits", "restore it or move it away"),
    ),
    Mistake(
        name="key cut off",
        did="copies half of meter.key",
        prepare=then(home(more=MARKET, words=METER), write("state/meter.key", "ab" * 16 + "\n")),
        says=(r"meter\.key", "restore it or move it away"),
    ),
    Mistake(
        name="sign swapped",
        did="mounts the current clamp the wrong way round",
        prepare=then(home(words=("doctor",)), readings(swapped(40))),
        says=(r"FAIL\s+sign", "disagree", "set power_sign to the other value"),
    ),
    Mistake(
        name="price in cents",
        did="writes import_price_per_kwh = 32",
        prepare=home(("= 0.32", "= 32"), words=("doctor",)),
        says=(r"warn\s+prices", "per kWh in the currency, not in cents"),
        statuses=frozenset({1}),
    ),
    Mistake(
        name="prices swapped",
        did="swaps import and export price",
        prepare=home(("= 0.32", "= 0.05"), words=("doctor",)),
        says=(r"warn\s+prices", "look whether the two prices are swapped"),
        statuses=frozenset({1}),
    ),
    Mistake(
        name="limit in W",
        did="writes import_limit_kw = 17000",
        prepare=home(("[meter]", "import_limit_kw = 17000\n[meter]"), words=("doctor",)),
        says=(r"warn\s+units", "17000", "give kW and kWh, not W and Wh"),
        statuses=frozenset({1}),
    ),
    Mistake(
        name="capacity in Wh",
        did="writes capacity_kwh = 10000",
        prepare=home(more=BATTERY.replace("capacity_kwh = 10", "capacity_kwh = 10000"), words=("doctor",)),
        says=(r"warn\s+units", "capacity_kwh", "give kW and kWh"),
        statuses=frozenset({1}),
    ),
    Mistake(
        name="key open to others",
        did="copies meter.key with mode 644",
        prepare=then(home(more=MARKET, words=("doctor",)), write("state/meter.key", "ab" * 32 + "\n")),
        says=(r"FAIL\s+key", "others can read it", "chmod 600"),
    ),
    Mistake(
        name="disk full (home)",
        did="lets the disk of the energy manager run full",
        prepare=home(words=RUN),
        says=("ems.db", "free|full|restore"),
        file_bytes_max=FULL,
    ),
    Mistake(
        name="disk full (broker)",
        did="lets the disk of the broker run full",
        prepare=broker(words=RUN),
        says=(r"\.db", "free disk space"),
        file_bytes_max=FULL,
    ),
)


def broker_state(*acts: object) -> object:
    """The broker's start on a state directory with a mistake."""
    prepare = broker(words=RUN)
    for act in acts:
        prepare = then(prepare, act)  # type: ignore[arg-type]
    return prepare


BROKER_STATE: tuple[Mistake, ...] = (
    Mistake(
        name="journal damaged",
        did="copies something over journal.db",
        prepare=broker_state(  # type: ignore[arg-type]
            write("state/journal.db", b"x" * 5_000),
            write("state/secret", "ab" * 32),
            write("state/broker.key", "ab" * 32),
        ),
        says=(r"journal\.db", "restore|backup"),
    ),
    Mistake(
        name="secret lost",
        did="restores the journal without its secret",
        prepare=broker_state(newer_schema("state/journal.db")),  # type: ignore[arg-type]
        says=("secret is missing", "restore it from the backup"),
    ),
    Mistake(
        name="journal of a newer release",
        did="goes back to an older release",
        prepare=broker_state(  # type: ignore[arg-type]
            newer_schema("state/journal.db"), write("state/secret", "ab" * 32), write("state/broker.key", "ab" * 32)
        ),
        says=("schema version 99", "install the release that wrote it"),
    ),
    Mistake(
        name="broker key damaged",
        did="edits broker.key",
        prepare=broker_state(write("state/broker.key", "hello"), write("state/secret", "ab" * 32)),  # type: ignore[arg-type]
        says=(r"broker\.key is damaged", "restore it from the backup"),
    ),
    Mistake(
        name="state of the broker is a file",
        did="gives a file as state_dir",
        prepare=broker_state(write("state", "")),  # type: ignore[arg-type]
        says=("state", "make the directory writable or set another state_dir"),
    ),
)

DATA: tuple[Mistake, ...] = (
    Mistake(
        name="case missing",
        did="names a case that is not there",
        prepare=command("hems", "plan", "FOLDER/case.json"),
        says=("No such file", "name|give|check"),
    ),
    Mistake(
        name="case not JSON",
        did="plans a TOML file",
        prepare=then(command("hems", "plan", "FOLDER/case.json"), write("case.json", "[home]\n")),
        says=("JSON", "correct|line|check"),
    ),
    Mistake(
        name="case without a tariff",
        did="leaves the tariff out of a case",
        prepare=case(lambda document: document.pop("tariff")),
        says=("tariff", "add|give|missing"),
    ),
    Mistake(
        name="case without devices",
        did="misspells devices in a case",
        prepare=case(lambda document: document.update(devcies=document.pop("devices"))),
        says=("devcies", "did you mean devices"),
    ),
    Mistake(
        name="unknown device asked",
        did="asks why of a device that is not there",
        prepare=then(home(words=("why", "boiler")), newer_schema("nothing.db")),
        says=(r"ems\.db", "start `hems run`"),
    ),
    Mistake(
        name="bad time asked",
        did="asks for half past six in words",
        prepare=home(words=("why", "--at", "half past six")),
        says=("half past six|ems.db", "give|start"),
    ),
    Mistake(
        name="training data missing",
        did="measures the forecaster on a file that is not there",
        prepare=command("hems", "backtest", "FOLDER/homes.csv", "--target", "load_kw", "--timezone", "UTC"),
        says=("homes.csv", "name|give|check|correct"),
    ),
    Mistake(
        name="room data of another kind",
        did="identifies a room in a file of other columns",
        prepare=then(command("hems", "identify", "zone", "FOLDER/room.csv"), write("room.csv", "a;b\n1;2\n")),
        says=("room.csv", "name the column"),
    ),
)
FILES = (*STATE, *BROKER_STATE, *DATA)
