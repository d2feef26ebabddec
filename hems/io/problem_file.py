"""Problem files: a planning problem and the powers planned for it, exact, compact, versioned and read strictly.

The bytes are typed JSON (hems.io.typed_json) with a version, compressed with zlib.
"""

import dataclasses
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.io.typed_json import TypedJsonError, read, written
from hems.planning.futures.future import Future
from hems.planning.plan import DevicePlan, Plan
from hems.planning.problem import Problem

Floats = NDArray[np.float64]

VERSION = 1
BYTES_MAX = 64_000_000  # unpacked; a stored problem is some ten thousand


class ProblemFileError(ValueError):
    """The bytes are no problem of this release: the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProblem:
    """A problem, the futures it was planned over, and the plan: power of each device, load not served, kW (n,)."""

    problem: Problem
    powers_kw: Mapping[str, Floats]
    unserved_kw: Floats
    futures: tuple[Future, ...] = ()

    @staticmethod
    def of(problem: Problem, plan: Plan, futures: tuple[Future, ...] = ()) -> "PlannedProblem":
        """A problem with the powers of its plan."""
        powers = {id_: made.power_kw for id_, made in plan.devices.items()}
        return PlannedProblem(problem=problem, powers_kw=powers, unserved_kw=plan.unserved_kw, futures=futures)

    def as_plan(self) -> Plan:
        """The plan as far as it was stored: what a planner needs to repeat its decisions."""
        grid_kw = self.problem.base_kw - self.unserved_kw + sum(self.powers_kw.values(), np.zeros(self.problem.slots))
        return Plan(
            status="feasible",
            objective=math.nan,
            bound=None,
            gap=None,
            grid_kw=grid_kw,
            unserved_kw=self.unserved_kw,
            devices={id_: DevicePlan(power_kw=power) for id_, power in self.powers_kw.items()},
            marginal_price_per_kwh=np.zeros(self.problem.slots),
        )


def packed(planned: PlannedProblem) -> bytes:
    """The compressed document of a planned problem."""
    document = {"version": VERSION, "planned": written(planned)}
    return zlib.compress(json.dumps(document, allow_nan=False, separators=(",", ":")).encode(), 6)


def unpacked(blob: bytes) -> PlannedProblem:
    """The planned problem of a compressed document.

    Raises: ProblemFileError when it is broken or of another release; plan anew to replace it.
    """
    document = _document(blob)
    version = document.get("version")
    if version != VERSION:
        raise ProblemFileError(
            f"stored by a release with version {version}, this one reads {VERSION}: use that release"
        )
    try:
        planned = read(document.get("planned"), PlannedProblem, "planned")
    except TypedJsonError as error:
        raise ProblemFileError(f"{error}: the record is broken, remove it") from None
    assert isinstance(planned, PlannedProblem)
    _check_lengths(planned)
    return planned


def _document(blob: bytes) -> dict[str, Any]:
    try:
        unzip = zlib.decompressobj()
        text = unzip.decompress(blob, BYTES_MAX)
        if unzip.unconsumed_tail or not unzip.eof:
            raise ProblemFileError("longer than a problem can be, or cut off: the record is broken, remove it")
        document = json.loads(text, parse_constant=_refused)
    except (zlib.error, ValueError, RecursionError) as error:
        raise ProblemFileError(f"not a stored problem ({error}): the record is broken, remove it") from None
    if not isinstance(document, dict):
        raise ProblemFileError("not an object: the record is broken, remove it")
    return document


def _refused(word: str) -> float:
    raise ValueError(f"{word} is not a number in JSON")


def _check_lengths(planned: PlannedProblem) -> None:
    """All series of a problem are about the same slots."""
    n = planned.problem.slots
    for owner in (
        planned,
        planned.problem,
        planned.problem.tariff,
        planned.problem.exchange,
        *planned.problem.devices,
        *planned.futures,
    ):
        for field in dataclasses.fields(owner) if owner is not None else ():
            value = getattr(owner, field.name)
            free = field.name == "profile_kw"
            if isinstance(value, np.ndarray) and len(value) != n and not free:
                raise _wrong(field.name, n)
    if set(planned.powers_kw) != {device.id for device in planned.problem.devices}:
        raise ProblemFileError("powers_kw: expected one series per device: the record is broken, remove it")
    series = [planned.powers_kw, *(future.available_kw for future in planned.futures)]
    if any(len(power) != n for powers in series for power in powers.values()):
        raise _wrong("powers_kw", n)


def _wrong(where: str, n: int) -> ProblemFileError:
    return ProblemFileError(f"{where}: expected {n} values: the record is broken, remove it")
