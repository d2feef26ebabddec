"""Whole processes: `hems plan` from start to end, and an EMS process from start to its first plan."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cases
from benchmarks.machine import elapsed_ms

RUNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Medians [s] and the largest peak [MB] on one case."""

    case: str
    command_s: float
    first_plan_s: float
    edge_mb: float


def processes(name: str) -> Processes:
    """Both kinds of process on a case, `RUNS` times each."""
    with tempfile.TemporaryDirectory() as folder:
        bare, output = Path(folder, "case.json"), Path(folder, "plan.json")
        bare.write_text(json.dumps(cases.document(name)["case"]), "utf-8")
        command = [str(Path(sys.executable).parent / "hems"), "plan", str(bare), "--output", str(output)]
        times = [elapsed_ms(lambda: _run(command)) / 1e3 for _ in range(RUNS)]
    edges = [_edge(name) for _ in range(RUNS)]
    return Processes(
        case=cases.label(name),
        command_s=statistics.median(times),
        first_plan_s=statistics.median(seconds for seconds, _ in edges),
        edge_mb=max(peak for _, peak in edges),
    )


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _edge(name: str) -> tuple[float, float]:
    """Seconds from the start of a process to its first plan, and its peak [MB]."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.edge", str(cases.file(name))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        planned = child.stdout.readline()
        seconds = time.perf_counter() - begin
        peak = child.stdout.readline()
    if child.returncode or not planned.startswith("planned"):
        raise SystemExit(f"case {name}: the process ended with status {child.returncode} and no plan")
    return seconds, float(peak)
