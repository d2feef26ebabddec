"""Entries of members in the operator's configuration: added and taken out, everything else left as it was written."""

import re
from pathlib import Path

from broker.io.config import BrokerConfig
from broker.io.config_file import ConfigError, load

_TABLE = re.compile(r"^\s*\[")
_MEMBERS = re.compile(r"^\s*\[\[\s*members\s*\]\]")


class EntryFailed(Exception):
    """The configuration was not changed: the message says what is wrong, and what to do."""


def with_member(path: Path, entry: dict[str, str | int]) -> BrokerConfig:
    """The configuration after a `[[members]]` entry was added to its file.

    Raises: EntryFailed when it would not be good; the file is as it was then.
    """
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in entry.items()]
    return _written(path, _read(path).rstrip("\n") + "\n\n" + "\n".join(["[[members]]", *lines]) + "\n")


def without_member(path: Path, meter: str) -> BrokerConfig:
    """The configuration after the `[[members]]` entry of a meter was taken out of its file, if there is one.

    Raises: EntryFailed when it would not be good; the file is as it was then.
    """
    return _written(path, "".join(_kept(_read(path), meter)))


def _kept(text: str, meter: str) -> list[str]:
    """The lines but those of the meter's entry: from its head to the next table."""
    kept: list[str] = []
    block: list[str] = []
    for line in [*text.splitlines(keepends=True), "["]:
        if _TABLE.match(line):
            kept += [] if block and _is_of(block, meter) else block
            block = []
        block.append(line)
    return kept


def _is_of(block: list[str], meter: str) -> bool:
    named = re.compile(rf"""^\s*meter\s*=\s*["']{re.escape(meter)}["']""")
    return _MEMBERS.match(block[0]) is not None and any(named.match(line) for line in block)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EntryFailed(f"{path}: {error.strerror}; name a file that can be read and written") from None
    except UnicodeDecodeError:
        raise EntryFailed(f"{path}: is not UTF-8 text; name the broker's TOML file") from None


def _written(path: Path, text: str) -> BrokerConfig:
    draft = path.with_name(path.name + ".draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(path.stat().st_mode & 0o777)
        config = load(draft)
        draft.replace(path)
    except OSError as error:
        raise EntryFailed(f"{error.filename}: {error.strerror}; name a file that can be read and written") from None
    except ConfigError as error:
        raise EntryFailed(str(error).replace(str(draft), str(path))) from None
    finally:
        draft.unlink(missing_ok=True)
    return config
