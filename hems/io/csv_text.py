"""The text of a CSV file, gzip or not, with or without a byte order mark; a failure to read it is a finding."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hems.site.finding import CaseError, Finding


@contextmanager
def opened(path: Path, failure: type[CaseError]) -> Iterator[TextIO]:
    """The text of a file.

    Raises: `failure` when it cannot be read or what is read from it is no CSV; it says what to do.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig", newline="") as file
        ):
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _failed(path, failure, "is no whole gzip file", "fetch it again, or unpack it") from None
    except OSError as error:
        wrong = f"cannot be read ({error.strerror or error})"
        raise _failed(path, failure, wrong, "check the name and the permissions") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _failed(path, failure, f"is no CSV in UTF-8 ({error})", "save it as CSV in UTF-8") from None


def _failed(path: Path, failure: type[CaseError], wrong: str, remedy: str) -> CaseError:
    return failure(str(path), [Finding(where="(whole file)", wrong=wrong, remedy=remedy)])
