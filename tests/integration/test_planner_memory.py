"""Memory of a process that plans: freed pages go back, and a plan needs no more than the one before.

Each measurement is made in a process of its own, as an allocator remembers what was done before.
"""

import ctypes
import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    getattr(ctypes.CDLL(None), "malloc_trim", None) is None, reason="only glibc can be asked to give pages back"
)

MEASURE = """
import json
from benchmarks.machine import memory_mb
from hems.io.heap import give_back_free_pages, give_back_large_blocks
"""

HOLES = (
    MEASURE
    + """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [libc.malloc(1000) for _ in range(40_000)]
for block in blocks:
    ctypes.memset(block, 1, 1000)
stays = libc.malloc(1000)  # at the top: the heap cannot shrink below it
for block in blocks:
    libc.free(block)
before = memory_mb("self", "VmRSS")
given = give_back_free_pages()
print(json.dumps([given, before - memory_mb("self", "VmRSS")]))
"""
)

PLANS = (
    MEASURE
    + """
from dataclasses import replace
import numpy as np
from hems.planning.futures.future import Future
from hems.planning.planner import Planner
from tests.unit.planning_examples import battery, problem
n, rng = 144, np.random.default_rng(6)
price = (0.3 + 0.1 * np.sin(np.arange(n) / 9.0)).round(4)
room = {
    "id": "room", "kind": "zone", "mode": "heat", "electric_kw_max": 4.0, "electric_kw_min": 1.0, "cop": 3.2,
    "thermal_capacity_kwh_per_k": 6.0, "thermal_resistance_k_per_kw": 6.0, "temp_initial_c": 20.4,
    "outdoor_temp_c": 2.0, "temp_min_c": 20.0, "temp_max_c": 23.0,
}
given = problem(
    battery(capacity_kwh=10.0, charge_kw_max=5.0, discharge_kw_max=5.0, charge_efficiency=0.95), room,
    slots=n, minutes=10, import_price_per_kwh=price.tolist(),
)
give_back_large_blocks()
load_kw = rng.uniform(0.2, 1.5, (5, n))
ways = tuple(Future(probability=0.2, base_kw=kw, available_kw={}) for kw in load_kw)
planner, peaks = Planner(give_back=give_back_free_pages), []
for _ in range(2):
    planner.plan(replace(given, base_kw=load_kw[0]), gap=1e-4, explain=False, futures=ways)
    planner.value_curve()
    peaks.append(memory_mb("self", "VmHWM"))
print(json.dumps(peaks))
"""
)


def said(program: str) -> list[float]:
    """What a program says at its end."""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    found: list[float] = json.loads(done.stdout)
    return found


def test_free_pages_below_what_stays_go_back_to_the_system() -> None:
    given, freed_mb = said(HOLES)
    assert given
    assert freed_mb > 30.0


def test_the_second_plan_needs_no_more_memory_than_the_first() -> None:
    """Were the program over all ways on kept through the next search, the peak would grow by 9 MB."""
    first_mb, second_mb = said(PLANS)
    assert second_mb - first_mb < 4.0
