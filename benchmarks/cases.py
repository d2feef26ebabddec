"""The planning cases that are measured, as documents and as problems."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hems.io.case_file import case_from_text
from hems.planning.problem import Problem, problem_from_case

FOLDER = Path(__file__).parents[1] / "tests" / "cases" / "planning"
LETTERS = {"a": "001", "b": "002", "c": "003"}
GAP = 1e-3

Document = dict[str, Any]


def names(wanted: str) -> list[str]:
    """Names of the cases in "all" or in a list such as "a,b,012": those that have a plan.

    Raises: SystemExit when a name fits no case; take a letter a to c or the first digits of a file.
    """
    every = sorted(path.stem for path in FOLDER.glob("*.json") if "objective" in document(path.stem)["expected"])
    if wanted == "all":
        return every
    starts = [LETTERS.get(name, name) for name in wanted.split(",")]
    for start in starts:
        if not any(name.startswith(start) for name in every):
            raise SystemExit(f"no planning case is called {start}: take all, a, b, c or the first digits of a file")
    return [name for name in every if name.startswith(tuple(starts))]


def label(name: str) -> str:
    """How a case is called in tables: its number, with the letter of the canonical ones."""
    letter = next((letter for letter, number in LETTERS.items() if name.startswith(number)), None)
    return name[:3] if letter is None else f"{name[:3]} ({letter})"


def document(name: str) -> Document:
    """The file of a case: the case and what is expected of it."""
    loaded: Document = json.loads(file(name).read_text("utf-8"))
    return loaded


def file(name: str) -> Path:
    """Where a case is."""
    return FOLDER / f"{name}.json"


def problem(case: Mapping[str, Any]) -> Problem:
    """The planning problem of a case document."""
    return problem_from_case(case_from_text(json.dumps(case), str(case["name"])))


def nudged(case: Document, seed: int) -> Document:
    """The case with base load, prices, generation and charge each a little different: what a tick of an EMS sees."""
    rng = np.random.default_rng(seed)

    def near(value: Any) -> Any:
        values = np.asarray(value, float) * (1.0 + rng.uniform(-0.02, 0.02, np.shape(value)))
        return values.tolist()

    devices = []
    for device in case["devices"]:
        changed = dict(device)
        if device["kind"] == "pv":
            changed["available_kw"] = near(device["available_kw"])
        if device["kind"] == "battery":
            low, high = device.get("soc_min", 0.0), device.get("soc_max", 1.0)
            changed["soc_initial"] = float(np.clip(near(device["soc_initial"]), low, high))
        devices.append(changed)
    tariff = case["tariff"]
    paid, earned = tariff["import_price_per_kwh"], tariff.get("export_price_per_kwh", 0.0)
    moved = {**tariff, "import_price_per_kwh": near(paid), "export_price_per_kwh": near(earned)}
    return {**case, "base_load_kw": near(case["base_load_kw"]), "tariff": moved, "devices": devices}


def optimum(expected: Mapping[str, Any]) -> float:
    """The known least cost [currency]."""
    return float(expected["objective"])


def above_percent(found: float, expected: Mapping[str, Any]) -> float:
    """How far a cost lies above the optimum [%], of at least one currency."""
    return 100.0 * (found - optimum(expected)) / max(abs(optimum(expected)), 1.0)


def within(found: float, expected: Mapping[str, Any]) -> bool:
    """True when a cost is the optimum within the tolerance of the case, or within the gap if that is more."""
    allowed = max(expected["objective_tolerance"], GAP * abs(optimum(expected)))
    return bool(abs(found - optimum(expected)) <= allowed)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Median and largest."""
    return float(np.median(values)), float(np.max(values))
