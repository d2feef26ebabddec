"""Running a mistake inside this process: quick, for what ends by itself and needs no clock or disk limit."""

import contextlib
import importlib
import io
import os
import tempfile
from pathlib import Path

from benchmarks.mistakes.mistake import MODULES, Mistake, Outcome, judged


def is_quick(mistake: Mistake) -> bool:
    """Whether a mistake can be made inside this process."""
    return not mistake.serves and mistake.shift_s is None and mistake.file_bytes_max is None


def lived(mistake: Mistake) -> Outcome:
    """What the command prints; an exception that gets out of it counts as a stack trace."""
    printed = io.StringIO()
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="hearthgrid-mistake-") as name:
        words = mistake.prepare(Path(name))
        main = importlib.import_module(MODULES[words[0]]).main
        os.chdir(name)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                status = main(list(words[1:]))
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        except Exception as error:  # what a user would see as a stack trace
            printed.write(f"Traceback (most recent call last)\n{type(error).__name__}: {error}\n")
            status = 1
        finally:
            os.chdir(before)
    return judged(mistake, printed.getvalue(), status)
