"""Running a mistake in a process of its own, as a user does."""

import atexit
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from benchmarks.mistakes.mistake import MODULES, Mistake, Outcome, judged

LIMIT_S = 40.0
SHIM = Path(__file__).with_name("clock_shim.c")


def lived(mistake: Mistake) -> Outcome:
    """What a user sees who makes the mistake."""
    with tempfile.TemporaryDirectory(prefix="hearthgrid-mistake-") as name:
        folder = Path(name)
        words = mistake.prepare(folder)
        if mistake.serves:
            return _served(mistake, words, folder)
        done = subprocess.run(
            _command(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            cwd=folder,
            env=_environment(mistake),
            preexec_fn=_limits(mistake),
            check=False,
        )
        return judged(mistake, done.stdout, done.returncode)


def _served(mistake: Mistake, words: Sequence[str], folder: Path) -> Outcome:
    """The outcome of a service: it is stopped when it has said everything, or when the time is over."""
    output: list[str] = []
    said = threading.Event()
    with subprocess.Popen(
        _command(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=_environment(mistake),
        preexec_fn=_limits(mistake),  # noqa: PLW1509 - only a limit is set, before any thread of ours
    ) as child:

        def read() -> None:
            assert child.stdout is not None
            for line in child.stdout:
                output.append(line)
                if not judged(mistake, "".join(output), None).problem:
                    said.set()
            said.set()

        reader = threading.Thread(target=read)
        reader.start()
        said.wait(LIMIT_S)
        ended = child.poll()
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
        reader.join()
    return judged(mistake, "".join(output), ended)


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", MODULES[words[0]], *words[1:]]


def _environment(mistake: Mistake) -> dict[str, str]:
    own = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    if mistake.shift_s is not None:
        own |= {"LD_PRELOAD": str(clock_shim()), "CLOCK_SHIFT_S": str(mistake.shift_s)}
    return {**os.environ, **own}


def _limits(mistake: Mistake) -> Callable[[], None] | None:
    if mistake.file_bytes_max is None:
        return None
    limit = (mistake.file_bytes_max, mistake.file_bytes_max)
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@cache
def clock_shim() -> Path:
    """The library that moves the clock of a process, compiled once; raises FileNotFoundError without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("gcc is not installed")
    folder = tempfile.mkdtemp(prefix="hearthgrid-clock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = Path(folder) / "clock_shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"], check=True)
    return library
