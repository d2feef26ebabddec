"""Solves a case file once and prints the peak memory of the process [MB]: `python -m benchmarks.direct CASE.json`."""

import json
import sys
from pathlib import Path

from benchmarks.direct.schedule import best
from benchmarks.machine import own_peak_mb

best(json.loads(Path(sys.argv[1]).read_text("utf-8"))["case"], 1e-3)
print(own_peak_mb())
