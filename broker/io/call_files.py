"""Calls for flexibility as files: `community-broker call` writes one, the running broker takes it.

`calls/NAME.json` waits; it is removed when it was taken and becomes `NAME.refused` with the reason when it cannot be.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.market.events import CallAsked
from wire.fields import Id, UtcTime
from wire.slots import parse_utc


class CallFile(BaseModel):
    """What the operator asks for; energies in Wh per slot, prices in micro-currency per kWh."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Id
    stage: Id = "flexibility"
    direction: Literal["reduce", "increase"] = "reduce"
    first_slot: UtcTime
    slots: Annotated[int, Field(ge=1, le=96)] = 1
    request_wh: Annotated[int, Field(ge=1, le=10**9)]
    reserve_micro: Annotated[int, Field(ge=0, le=10**9)]
    penalty_micro: Annotated[int, Field(ge=0, le=10**9)] = 0

    def asked(self, now_s: int) -> CallAsked:
        """The call as an event of this moment."""
        plain = self.model_dump(exclude={"first_slot"})
        return CallAsked(at_s=now_s, slot_s=parse_utc(self.first_slot), **plain)


def findings(values: dict[str, Any]) -> list[str]:
    """What is wrong with a call, one line for each key; [] when it can be written."""
    try:
        CallFile.model_validate(values)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False)
        ]
    return []


class CallFiles:
    """Implements the CallSource port on a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, values: dict[str, Any]) -> Path:
        """Writes a checked call for the running broker, whole or not at all."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{values['call']}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(values) + "\n", encoding="utf-8")
        partial.replace(path)
        return path

    def waiting(self, now_s: int) -> Sequence[CallAsked]:
        """The calls that were written and not yet taken, by name."""
        found = []
        for path in sorted(self._directory.glob("*.json")):
            try:
                call = CallFile.model_validate_json(path.read_bytes())
            except (ValidationError, OSError) as error:
                self.taken(path.stem, f"it cannot be read: {error}")
                continue
            if call.call == path.stem:
                found.append(call.asked(now_s))
            else:
                self.taken(path.stem, f"it names the call {call.call!r}: give file and call one name")
        return found

    def taken(self, call: str, problem: str | None) -> None:
        """Removes a call's file, or leaves the reason in its place."""
        path = self._directory / f"{call}.json"
        if problem is not None:
            path.with_suffix(".refused").write_text(problem + "\n", encoding="utf-8")
        path.unlink(missing_ok=True)
