"""What the adapter of a peer does around its optimiser; needs nothing of ours but a clock, so any Python runs it."""

import json
import statistics
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.machine import elapsed_ms, own_peak_mb

Case = Mapping[str, Any]
Powers = Mapping[str, Any]  # device id -> power [kW] (n,), passive sign
WARM_RUNS = 5


class Unsupported(Exception):
    """The peer has no word for something in the case; the message says what."""


def series(case: Case, value: Any) -> list[float]:
    """One number per slot."""
    return [float(v) for v in value] if isinstance(value, list) else [float(value)] * case["slots"]


def device(case: Case, kind: str) -> Mapping[str, Any] | None:
    """The device of a kind; None when there is none."""
    found = [device for device in case["devices"] if device["kind"] == kind]
    if len(found) > 1:
        raise Unsupported(f"the adapter maps one {kind} only")
    return found[0] if found else None


def answer(package: str, prepare: Callable[[Case], Callable[[], Powers]]) -> None:
    """Print what the peer makes of the case named on the command line, as JSON.

    `prepare` gives the call that is timed: cold the first time, warm when it is repeated.
    """
    case = json.loads(Path(sys.argv[1]).read_text("utf-8"))["case"]
    try:
        call = prepare(case)
    except Unsupported as reason:
        print(json.dumps({"version": version(package), "unsupported": str(reason)}))
        return
    powers: list[Powers] = []
    cold_ms = elapsed_ms(lambda: powers.append(call()))
    warm_ms = statistics.median(elapsed_ms(call) for _ in range(WARM_RUNS))
    planned = {id_: [float(v) for v in power] for id_, power in powers[0].items()}
    times = {"cold_ms": cold_ms, "warm_ms": warm_ms, "peak_mb": own_peak_mb()}
    print(json.dumps({"version": version(package), **times, "power_kw": planned}))
