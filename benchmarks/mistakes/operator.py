"""Mistakes of an operator: commands on a community that is not as they think."""

import json
from pathlib import Path

from benchmarks.mistakes.examples import broker, command, then, write
from benchmarks.mistakes.mistake import Mistake
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_copy import backup
from broker.io.state_dir import StateDir
from broker.market.events import Enrolled, TermsAgreed, encode_event
from broker.market.terms import Terms

CB = "community-broker"
KEY = "ab" * 32
AT_S = 1_800_000_000


def community(folder: Path) -> None:
    """Makes the state directory of a community with one member, as its broker does."""
    state = StateDir(folder / "state")
    state.create()
    journal = SqliteJournal(state.journal)
    agreed = TermsAgreed(at_s=AT_S, terms=Terms(community="elm").as_record())
    member = Enrolled(at_s=AT_S, meter="home-1", public_key=KEY, nameplate_import_w=1, nameplate_export_w=1)
    journal.append([encode_event(agreed), encode_event(member)])
    journal.close()
    SqliteRecords(state.records).close()


def backed_up(folder: Path) -> None:
    """Makes a community and a backup of it."""
    community(folder)
    backup(StateDir(folder / "state"), folder / "backup", config=None, made_at="2027-01-15T08:00:00Z")


def damaged_backup(folder: Path) -> None:
    """Makes a backup whose journal was changed."""
    backed_up(folder)
    path = folder / "backup" / "journal.db"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def backup_without_key(folder: Path) -> None:
    """Makes a backup that lost its key, and whose manifest was edited to hide it."""
    backed_up(folder)
    path = folder / "backup" / "manifest.json"
    document = json.loads(path.read_text())
    del document["files"]["broker.key"]
    path.write_text(json.dumps(document))


def edited_journal(folder: Path) -> None:
    """Changes a record of the journal by hand."""
    import sqlite3

    community(folder)
    database = sqlite3.connect(folder / "state" / "journal.db")
    database.execute(
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'home-1', 'home-9') AS BLOB) WHERE position = 1"
    )
    database.commit()
    database.close()


def on_state(*words: str, make: object = community) -> object:
    """A command of the operator on a community in FOLDER/state."""
    return then(command(CB, *words), make)  # type: ignore[arg-type]


ADD = ("add-member", "--meter", "home-7", "--nameplate-import-w", "11000", "--nameplate-export-w", "10000")
CALL = ("call", "FOLDER/state", "--name", "peak", "--slots", "8", "--reduce-wh", "5000")

OPERATOR: tuple[Mistake, ...] = tuple(
    Mistake(name=name, did=did, prepare=prepare, says=says)  # type: ignore[arg-type]
    for name, did, prepare, says in (
        (
            "no state directory",
            "replays a folder that is none",
            command(CB, "replay", "FOLDER"),
            (r"journal\.db", "directory exists"),
        ),
        (
            "no journal to pause",
            "pauses in the wrong folder",
            command(CB, "pause", "FOLDER", "--reason", "x"),
            ("holds no journal", "name the state directory of a broker"),
        ),
        (
            "no journal to revoke",
            "revokes in the wrong folder",
            command(CB, "revoke", "FOLDER", "--meter", "home-1", "--reason", "x"),
            ("holds no journal", "name the state directory"),
        ),
        (
            "reason too long",
            "writes a letter as the reason",
            on_state("pause", "FOLDER/state", "--reason", "x" * 400),
            ("--reason", "160", "correct it"),
        ),
        (
            "meter id with blanks",
            "revokes 'Home 1'",
            on_state("revoke", "FOLDER/state", "--meter", "Home 1", "--reason", "x"),
            ("--meter", "correct it"),
        ),
        (
            "forgets an active member",
            "erases who a member is that was not revoked",
            on_state("forget-member", "FOLDER/state", "--meter", "home-1"),
            ("no revoked member", "'community-broker revoke' first"),
        ),
        (
            "statement of nobody",
            "asks for the bill of a meter that is none",
            on_state("statement", "FOLDER/state", "--meter", "home-9"),
            ("home-9", "'community-broker members' lists"),
        ),
        (
            "local date",
            "writes 1.11.2026",
            on_state("statement", "FOLDER/state", "--meter", "home-1", "--from", "1.11.2026"),
            ("is no UTC time", "write 2026-11-01"),
        ),
        (
            "period without CSV",
            "forgets --csv",
            on_state("export", "FOLDER/state", "--from", "2026-11-01"),
            ("belong to --csv", "add it"),
        ),
        (
            "journal edited",
            "changes the journal by hand",
            on_state("replay", "FOLDER/state", make=edited_journal),
            ("does not fit the chain", "restore the state directory from a backup"),
        ),
        (
            "archive of nothing",
            "verifies an empty file",
            then(command(CB, "verify", "FOLDER/heard.txt"), write("heard.txt", "")),
            ("holds no frame", "record the community's public topics"),
        ),
        (
            "archive of another kind",
            "verifies a log file",
            then(command(CB, "verify", "FOLDER/heard.txt"), write("heard.txt", "hello world\n")),
            ("is no '<topic> <frame>'", "record with -F"),
        ),
        (
            "archive missing",
            "verifies a file that is not there",
            command(CB, "verify", "FOLDER/heard.txt"),
            ("No such file", "name a readable file"),
        ),
        (
            "wrong key given",
            "gives half a key",
            then(command(CB, "verify", "FOLDER/heard.txt", "--broker-key", "abcd"), write("heard.txt", "x")),
            ("--broker-key", "64 hexadecimal digits"),
        ),
        (
            "no key to enrol",
            "enrols without key and folder",
            broker(words=ADD),
            ("--public-key: missing", "or --out DIR"),
        ),
        (
            "key too short",
            "enrols half a key",
            broker(words=(*ADD, "--public-key", "ab" * 20)),
            ("public_key", "64", "correct the value"),
        ),
        (
            "key of another",
            "enrols the key of another member",
            broker(words=(*ADD, "--public-key", KEY)),
            ("public_key", "more than once", "keep one entry each"),
        ),
        (
            "meter enrolled already",
            "enrols a meter twice",
            broker(words=("add-member", "--meter", "home-1", *ADD[3:], "--public-key", "cd" * 32)),
            ("more than once", "choose another id"),
        ),
        (
            "no host and port",
            "forgets the port of the server",
            broker(words=(*ADD, "--public-key", "cd" * 32, "--seen-as", "example.net")),
            ("is no HOST:PORT", "write it as"),
        ),
        (
            "call in cents",
            "writes a price with a comma",
            on_state(*CALL, "--first-slot", "2027-01-15T17:00:00Z", "--reserve-price-per-kwh", "0,40"),
            ("is no price", "write a number per kWh"),
        ),
        (
            "call at local time",
            "names the first slot in local time",
            on_state(*CALL, "--first-slot", "2027-01-15T18:00:00+01:00", "--reserve-price-per-kwh", "0.40"),
            ("first_slot", "Z|UTC"),
        ),
        (
            "backup over a backup",
            "backs up into a folder that is there",
            then(on_state("backup", "FOLDER/state", "--to", "FOLDER/backup", make=backed_up), write("x", "")),
            ("exists", "name a new directory"),
        ),  # type: ignore[arg-type]
        (
            "backup of nothing",
            "backs up the wrong folder",
            command(CB, "backup", "FOLDER", "--to", "FOLDER/backup"),
            ("holds no journal", "name the state directory of a broker"),
        ),
        (
            "restore over a community",
            "restores into a directory in use",
            on_state("restore", "FOLDER/backup", "--to", "FOLDER/state", make=backed_up),
            ("holds", "restore into a new or empty directory"),
        ),
        (
            "backup damaged",
            "restores a copy that a disk has damaged",
            on_state("restore", "FOLDER/backup", "--to", "FOLDER/new", make=damaged_backup),
            (r"journal\.db is missing or damaged", "take another backup"),
        ),
        (
            "backup without its key",
            "restores an incomplete copy",
            on_state("restore", "FOLDER/backup", "--to", "FOLDER/new", make=backup_without_key),
            (r"lacks broker\.key", "take another backup"),
        ),
        (
            "no backup",
            "restores a folder that is none",
            command(CB, "restore", "FOLDER", "--to", "FOLDER/new"),
            (r"manifest\.json", "name the directory of a backup"),
        ),
        (
            "market file of no kind",
            "clears a file that is no market",
            then(command(CB, "clear", "FOLDER/market.json", "--mechanism", "mcafee"), write("market.json", "{}")),
            ("bids: is missing", "write a list"),
        ),
        (
            "simulator without a profile",
            "misspells the profile",
            command("meter-sim", "run", "--profile", "ketle"),
            ("ketle", "kettle"),
        ),
        (
            "simulator with a fault of no kind",
            "misspells a fault",
            command("meter-sim", "run", "--port", "0", "--fault", "swaped"),
            ("swaped", "swapped"),
        ),
        (
            "command misspelt",
            "types stauts",
            command("hems", "stauts", "--config", "home.toml"),
            ("stauts", "status"),
        ),
        (
            "archive in no folder",
            "writes the archive where nothing is",
            broker(words=("doctor", "--bundle", "/nowhere/x.tar.gz")),
            ("/nowhere/x.tar.gz", "name a file in a writable directory"),
        ),
    )
)
