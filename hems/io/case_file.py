"""Case files: reading a case with all its findings, writing a plan whole or not at all."""

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hems.planning.plan import Plan
from hems.site.case import SLOTS_MAX, Case
from hems.site.finding import CaseError, Finding
from hems.site.meaning_findings import meaning_findings
from hems.site.schema_findings import schema_findings

# A year of lists for a hundred devices stays well below; more is not a case but an accident.
FILE_BYTES_MAX = 64_000_000
_STATE_KEY = {"battery": "soc", "ev": "soc", "zone": "temp_c", "tank": "temp_c", "hydrogen": "level"}


def read_case(path: str) -> Case:
    """The case in a file.

    Raises: CaseError with every finding; show it and stop.
    """
    return case_from_text(_text(path), path)


def case_from_text(text: str, source: str) -> Case:
    """The case in a JSON text; `source` names it in findings.

    Raises: CaseError with every finding; show it and stop.
    """
    document = _document(text, source)
    slots = document.get("slots")
    if isinstance(slots, int) and slots > SLOTS_MAX:
        wrong = f"{slots} is above {SLOTS_MAX}"
        raise CaseError(source, [Finding(where="slots", wrong=wrong, remedy="plan a shorter horizon")])
    findings: list[Finding] = []
    case = None
    try:
        case = Case.model_validate(document)
    except ValidationError as error:
        findings += schema_findings(error, document)
    known = {finding.where for finding in findings}
    findings += [finding for finding in meaning_findings(document) if finding.where not in known]
    if findings or case is None:
        raise CaseError(source, findings)
    return case


def plan_document(case: Case, plan: Plan) -> dict[str, Any]:
    """The plan as the JSON object of the interface; a state that does not exist (car away) is null."""
    return {
        "status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "wall_s": plan.wall_s,
        "solve_s": plan.solve_s,
        "grid_kw": plan.grid_kw.tolist(),
        "unserved_kw": plan.unserved_kw.tolist(),
        "devices": {device.id: _device_document(device.kind, plan, device.id) for device in case.devices},
        "marginal_price_per_kwh": plan.marginal_price_per_kwh.tolist(),
        "violations": [
            {"device": v.device, "wish": v.wish, "slot": v.slot, "amount": v.amount, "unit": v.unit}
            for v in plan.violations
        ],
        "reasons": {
            id_: [{"slots": [r.first, r.end], "code": r.code, "text": r.text, "worth": r.worth} for r in given]
            for id_, given in plan.reasons.items()
        },
    }


def write_plan(path: str, document: dict[str, Any]) -> None:
    """Write a plan so that a reader sees all of it or nothing."""
    target = Path(path)
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, allow_nan=False)
            file.write("\n")
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _device_document(kind: str, plan: Plan, id_: str) -> dict[str, Any]:
    device = plan.devices[id_]
    made: dict[str, Any] = {"power_kw": device.power_kw.tolist()}
    if device.state is not None:
        made[_STATE_KEY[kind]] = [None if math.isnan(value) else value for value in device.state.tolist()]
    if device.on is not None:
        made["on"] = device.on.tolist()
    return made


def _text(path: str) -> str:
    def refused(wrong: str, remedy: str) -> CaseError:
        return CaseError(path, [Finding(where="(whole file)", wrong=wrong, remedy=remedy)])

    try:
        if Path(path).stat().st_size > FILE_BYTES_MAX:
            raise refused(f"is larger than {FILE_BYTES_MAX // 1_000_000} MB", "plan a shorter horizon")
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror})", "check the name and the permissions") from error
    except UnicodeDecodeError as error:
        raise refused("is not UTF-8 text", "save it as UTF-8") from error


def _document(text: str, source: str) -> dict[str, Any]:
    """The JSON object in a text, without keys whose value is null: null means absent."""
    findings: list[Finding] = []

    def constant(word: str) -> float:
        findings.append(Finding(where=word, wrong="is not a number in JSON", remedy="give a finite number"))
        return 0.0

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        for key in {k for k in keys if keys.count(k) > 1}:
            findings.append(Finding(where=key, wrong="is given twice in one object", remedy="keep one of them"))
        return {key: value for key, value in items if value is not None}

    try:
        document = json.loads(text, parse_constant=constant, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        wrong = f"is not JSON ({error})" if isinstance(error, ValueError) else "is nested too deeply"
        raise CaseError(source, [Finding(where="(whole file)", wrong=wrong, remedy="correct the JSON")]) from error
    if not isinstance(document, dict):
        findings.append(Finding(where="(whole file)", wrong="is not an object", remedy="write one case object"))
    if findings:
        raise CaseError(source, findings)
    return dict(document)
