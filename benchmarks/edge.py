"""One plan in a fresh process, then its peak memory [MB]: `python -m benchmarks.edge [--planner-only] CASE.json`.

Without the flag the process first loads all that an EMS process loads, and prints a line when the plan is there.
"""

import json
import sys
from pathlib import Path

from benchmarks.machine import own_peak_mb

if "--planner-only" not in sys.argv:
    import hems.app.ems  # noqa: F401

from hems.io.case_file import case_from_text
from hems.planning.planner import Planner
from hems.planning.problem import problem_from_case

path = Path(sys.argv[-1])
case = json.loads(path.read_text("utf-8"))["case"]
plan = Planner().plan(problem_from_case(case_from_text(json.dumps(case), str(path))))
if "--planner-only" not in sys.argv:
    print("planned", plan.status, flush=True)
print(own_peak_mb())
