"""A redacted archive for whoever helps: configuration, findings, versions and the newest health rows, no secrets.

Text goes in only through `redacted`; files of keys, databases and measured energy are never added by this module.
"""

import io
import json
import os
import platform
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any, BinaryIO

from doctor.check import Result
from doctor.redaction import redacted
from doctor.report import document, text

NOTE = """This archive was made by 'doctor --bundle'. It holds the configuration with secrets and the place removed,
the findings, versions, database sizes and schema versions, and the newest rows about health. It holds no key, no
password, no token and no name; measured energy only when --with-readings was given. Read it before you send it.
"""


def versions() -> dict[str, Any]:
    """Versions of this program, of Python and of every installed package."""
    try:
        own = version("hearthgrid")
    except PackageNotFoundError:
        own = "not installed"
    packages = {found.metadata["Name"]: found.version for found in distributions()}
    return {
        "hearthgrid": own,
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "system": platform.platform(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def write_bundle(
    path: Path, results: Sequence[Result], texts: Mapping[str, str], *, known: Iterable[str], made_s: int
) -> None:
    """Writes the archive (tar, gzip) whole or not at all; `texts` are further files by name, `known` are secrets.

    Raises: OSError when it cannot be written; name a writable place.
    """
    secrets = list(known)
    files = {
        "README.txt": NOTE,
        "findings.txt": text(results) + "\n",
        "findings.json": json.dumps(document(results), indent=1) + "\n",
        "versions.json": json.dumps(versions(), indent=1) + "\n",
        **texts,
    }
    partial = path.with_name(path.name + ".partial")
    try:
        with _private(partial) as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, content in files.items():
                _add(archive, f"doctor/{name}", redacted(content, secrets).encode(), made_s)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: Path) -> BinaryIO:
    """A new file that its owner alone may read, whatever the umask and whatever was there before."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _add(archive: tarfile.TarFile, name: str, content: bytes, made_s: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = len(content), made_s, 0o600
    archive.addfile(entry, io.BytesIO(content))
