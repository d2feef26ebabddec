"""What forecasts cost: time and memory of training one home's year in the real worker, and time of a forecast."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.machine import measured, memory_mb, table
from benchmarks.quarter_hours import SEED, TIMEZONE, year
from hems.forecasting.series import Kind, Series
from hems.forecasting.series_json import series_to_json
from hems.io.forecast_worker import COMMAND

RUNS = 5
ONE_CORE = {"OMP_NUM_THREADS": "1"}
LIMITS = ("60 s", "400 MB", "250 MB", "", "50 ms", "50 ms")
WHAT = f"""\
One home on one year of quarter hours (shipped hours of California, made finer as in the twin), one core. Medians of
{RUNS} runs, each in a fresh process, and the largest. **Training:** from the start of the real worker process to its
answer; the memory is that of the worker. **Forecast:** 24 hours, at each quarter hour of a day in a process without
scikit-learn, the first one included; with weather: 720 weather forecasts issued over 30 days are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training in a fresh worker: wall time [s], memory [MB] at the highest and after it, and the model."""

    seconds: float
    peak_mb: float
    idle_mb: float
    model: str


def training(series: Series, kind: Kind) -> Training:
    """The cost of one training. Raises: SystemExit when the worker gives no model."""
    request = {"op": "train", "id": 1, "timezone": TIMEZONE, "seed": SEED, "kind": kind}
    line = json.dumps({**request, "history": series_to_json(series)}) + "\n"
    begin = time.perf_counter()
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_CORE}
    ) as worker:
        assert worker.stdin is not None and worker.stdout is not None, "started with pipes"
        worker.stdin.write(line)
        worker.stdin.flush()
        answer = json.loads(worker.stdout.readline() or "{}")
        seconds = time.perf_counter() - begin
        if "model" not in answer:
            raise SystemExit(f"training of {kind}: no model ({answer.get('error', 'the worker ended')})")
        peak_mb, idle_mb = (memory_mb(worker.pid, name) for name in ("VmHWM", "VmRSS"))
        worker.stdin.close()
    return Training(seconds=seconds, peak_mb=peak_mb, idle_mb=idle_mb, model=answer["model"])


def latency_ms(model: Path, kind: Kind, *options: str) -> tuple[float, float]:
    """Median and worst time of the forecasts of a fresh process [ms]."""
    command = [sys.executable, "-m", "benchmarks.forecast_latency", str(model), kind, *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_CORE})
    middle, worst = done.stdout.split()
    return float(middle), float(worst)


def column(kind: Kind) -> list[str]:
    """What one kind of series costs, a cell for each row of the table."""
    series = year(kind)
    runs = [training(series, kind) for _ in range(RUNS)]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.json")
        model.write_text(runs[0].model, "utf-8")
        plain = _times([latency_ms(model, kind) for _ in range(RUNS)])
        weather = (
            _times([latency_ms(model, kind, "--weather") for _ in range(RUNS)]) if kind == "pv" else "no use of it"
        )
        size = model.stat().st_size
    return [
        _spread([run.seconds for run in runs], "s", 1),
        _spread([run.peak_mb for run in runs], "MB", 0),
        _spread([run.idle_mb for run in runs], "MB", 0),
        f"{size / 1000:.0f} kB",
        plain,
        weather,
    ]


def _spread(values: list[float], unit: str, digits: int) -> str:
    return f"{median(values):.{digits}f} {unit} (largest {max(values):.{digits}f})"


def _times(runs: list[tuple[float, float]]) -> str:
    middle, worst = (median(values) for values in zip(*runs, strict=True))
    return f"{middle:.1f} ms, worst {worst:.1f} (largest {max(one for _, one in runs):.1f})"


def cost(command: str) -> str:
    """Measures and returns the section with its table."""
    names = (
        "training",
        "peak memory of the worker while it trains",
        "memory of the worker after it, idle",
        "model file",
        "forecast of 24 h",
        "forecast of 24 h, with weather",
    )
    rows = list(zip(names, column("load"), column("pv"), LIMITS, strict=True))
    return "\n\n".join([measured(command), WHAT, table(("what", "load", "generation", "limit"), rows)])
