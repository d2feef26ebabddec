"""Where and how a benchmark ran, and its table as Markdown."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("highspy", "numpy")


def machine() -> str:
    """One line: processor, cores, load, system, Python and the versions of the packages that do the work."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0))
    load = f"load average {os.getloadavg()[0]:.1f} at the end"
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{_processor()}, {cores} cores ({load}), {system}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def medians_ms(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median wall time of each function [ms] over `repeats` rounds, taken in turn so that drift hits all alike."""
    for run in runs:
        run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for run, seen in zip(runs, times, strict=True):
            seen.append(elapsed_ms(run))
    return [statistics.median(seen) for seen in times]


def elapsed_ms(run: Callable[[], object]) -> float:
    """Wall time of one call [ms]."""
    begin = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - begin) / 1e6


def peak_mb(module: str, arguments: Sequence[str]) -> float:
    """Peak resident memory of a fresh process that runs a benchmark module and prints `own_peak_mb` [MB]."""
    command = [sys.executable, "-m", module, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def own_peak_mb() -> float:
    """Peak resident memory of this process [MB].

    Linux keeps it per address space in VmHWM. `ru_maxrss` is the fallback only: after fork and exec it still holds
    the parent's size, so a child of a large benchmark would look as large as its parent.
    """
    try:
        return memory_mb("self", "VmHWM")
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def memory_mb(process: int | str, name: str) -> float:
    """Resident memory of a process on Linux [MB]: `VmRSS` is that of now, `VmHWM` the largest so far.

    Raises: OSError or StopIteration where the system does not tell.
    """
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024.0


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, how: str, parts: Sequence[str], command: str | None = None) -> Path:
    """The file with what was measured: benchmarks/results/<name>.md; `how` says what a number stands for."""
    path = RESULTS / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    head = [f"# Benchmark: {name}", measured(command or name, how)]
    path.write_text("\n\n".join([*head, *parts]) + "\n", "utf-8")
    return path


def write_section(name: str, title: str, body: str) -> Path:
    """The file of a benchmark with one section measured anew, the rest as it was."""
    path = RESULTS / f"{name}.md"
    text = path.read_text("utf-8") if path.exists() else f"# Benchmark: {name}\n"
    path.parent.mkdir(exist_ok=True)
    path.write_text(with_section(text, title, body), "utf-8")
    return path


def with_section(text: str, title: str, body: str) -> str:
    """A Markdown text whose section `## title` is `body`: in the place of the old one, or at the end."""
    sections = ("\n" + text.strip()).split("\n## ")
    fresh = f"{title}\n\n{body}\n"
    places = [k for k, section in enumerate(sections) if k > 0 and section.splitlines()[0] == title]
    for place in places:
        sections[place] = fresh
    whole = sections if places else [*sections, fresh]
    return "\n\n## ".join(section.strip() for section in whole) + "\n"


def measured(command: str, how: str = "") -> str:
    """Two lines that say when, by which command and on what machine numbers were measured."""
    day = datetime.now(UTC).date().isoformat()
    return f"Measured {day} by `scripts/bench {command}`{f', {how}' if how else ''}.\n\nMachine: {machine()}."
