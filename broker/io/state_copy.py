"""Backups of a state directory: a consistent copy of a running broker with checksums, and the way back."""

import hashlib
import json
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from broker.control.ports import StorageFailed
from broker.io.journal_sqlite import SqliteJournal
from broker.io.state_dir import StateDir

MANIFEST = "manifest.json"
FORMAT = 1
RECORDS, JOURNAL = "records.db", "journal.db"
NEEDED = (JOURNAL, "secret", "broker.key")
PLAIN = ("secret", "broker.key", "people.json")


class BackupFailed(Exception):
    """A backup that cannot be made, or is none: the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds: files with their SHA-256, and how far its journal goes."""

    files: dict[str, str]
    journal_records: int
    journal_chain: str
    made_at: str


def backup(state: StateDir, to: Path, *, config: Path | None, made_at: str) -> Backup:
    """Copies a state directory into the new directory `to`, also while its broker runs.

    Records are copied before the journal: what is missing in them, the next start fills in from the journal.

    Raises: BackupFailed when there is nothing to copy or `to` cannot be written; `to` is not left half done.
    """
    if not state.journal.is_file():
        raise BackupFailed(f"{state.root}: holds no journal; name the state directory of a broker")
    if to.exists():
        raise BackupFailed(f"{to} exists; name a new directory, a backup never overwrites another")
    partial = to.with_name(to.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        _copy_all(state, partial, config)
        made = _sealed(partial, made_at)
        partial.replace(to)
        _sync_directory(to.parent)
    except (OSError, sqlite3.Error, StorageFailed) as error:
        raise BackupFailed(f"{to}: {_reason(error)}; free space, or name a writable place") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def checked(source: Path) -> Backup:
    """A backup whose files are all there, unchanged, with a whole journal.

    Raises: BackupFailed that names the first thing that is wrong.
    """
    try:
        document = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        found = Backup(
            files=dict(document["files"]),
            journal_records=int(document["journal_records"]),
            journal_chain=str(document["journal_chain"]),
            made_at=str(document["made_at"]),
        )
    except OSError as error:
        raise BackupFailed(f"{source / MANIFEST}: {error.strerror}; name the directory of a backup") from None
    except (ValueError, KeyError, TypeError):
        raise BackupFailed(f"{source / MANIFEST} is damaged; take another backup") from None
    if document.get("format") != FORMAT:
        raise BackupFailed(f"{source}: format {document.get('format')} of a newer release; restore it with that one")
    for name, digest in found.files.items():
        if not (source / name).is_file() or _digest(source / name) != digest:
            raise BackupFailed(f"{source / name} is missing or damaged; take another backup")
    missing = [name for name in NEEDED if name not in found.files]
    if missing:
        raise BackupFailed(f"{source}: lacks {', '.join(missing)}; take another backup")
    if _chain_of(source / JOURNAL) != (found.journal_records, found.journal_chain):
        raise BackupFailed(f"{source / JOURNAL} is not the journal of its manifest; take another backup")
    return found


def restore(source: Path, state: StateDir) -> Backup:
    """Puts a backup that was checked into an empty or new state directory.

    Raises: BackupFailed when the backup does not hold or the directory is in use; nothing has changed then.
    """
    found = checked(source)
    there = [path.name for path in state.root.iterdir()] if state.root.is_dir() else []
    if there:
        raise BackupFailed(
            f"{state.root} holds {', '.join(sorted(there)[:4])}; restore into a new or empty directory"
        )
    partial = state.root.with_name(state.root.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        for name in found.files:
            if name != "broker.toml":
                _copy_file(source / name, partial / name)
        if state.root.is_dir():
            state.root.rmdir()
        partial.replace(state.root)
        _sync_directory(state.root.parent)
    except OSError as error:
        raise BackupFailed(f"{state.root}: {_reason(error)}; free space, or name a writable place") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return found


def _copy_all(state: StateDir, to: Path, config: Path | None) -> None:
    for name in (RECORDS, JOURNAL):
        if (state.root / name).is_file():
            copy_database(state.root / name, to / name)
    for name in PLAIN:
        if (state.root / name).is_file():
            _copy_file(state.root / name, to / name)
    if config is not None:
        _copy_file(config, to / "broker.toml")


def copy_database(source: Path, to: Path) -> None:
    """A consistent copy of a database that another process may be writing (SQLite's backup)."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    read = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    write = sqlite3.connect(to)
    try:
        read.backup(write, pages=2_000)
        write.execute("PRAGMA journal_mode=DELETE")
    finally:
        write.close()
        read.close()


def _copy_file(source: Path, to: Path) -> None:
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as read, os.fdopen(handle, "wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())


def _sealed(directory: Path, made_at: str) -> Backup:
    """Writes the manifest over everything that was copied."""
    names = sorted(path.name for path in directory.iterdir())
    records, chain = _chain_of(directory / JOURNAL)
    made = Backup(
        files={name: _digest(directory / name) for name in names},
        journal_records=records,
        journal_chain=chain,
        made_at=made_at,
    )
    document = {
        "format": FORMAT,
        "made_at": made_at,
        "journal_records": records,
        "journal_chain": chain,
        "files": made.files,
    }
    path = directory / MANIFEST
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return made


def _chain_of(path: Path) -> tuple[int, str]:
    """Number of records and last chain value of a journal, every record checked.

    Raises: BackupFailed when it is damaged.
    """
    try:
        journal = SqliteJournal(path, read_only=True)
        try:
            for _ in journal.records():
                pass
            return len(journal), journal.chain.hex()
        finally:
            journal.close()
    except StorageFailed as error:
        raise BackupFailed(str(error)) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
