"""What the operator asks of a running broker, as files: `community-broker call` and `activate` write, it takes them.

`calls/NAME.json` is a call, `calls/NAME.SLOT.activation.json` activates it in a slot. A file is removed when it was
taken, and becomes `.refused` in place of `.json`, with the reason, when it cannot be.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.market.events import ActivationAsked, CallAsked
from wire.fields import Id, UtcTime
from wire.slots import format_utc, parse_utc

SUFFIX, ACTIVATION = ".json", ".activation.json"
Energy = Annotated[int, Field(ge=1, le=10**9)]


class CallFile(BaseModel):
    """A call; energies in Wh per slot, prices in micro-currency per kWh."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Id
    stage: Id = "flexibility"
    direction: Literal["reduce", "increase"] = "reduce"
    first_slot: UtcTime
    slots: Annotated[int, Field(ge=1, le=96)] = 1
    request_wh: Energy
    reserve_micro: Annotated[int, Field(ge=0, le=10**9)]
    penalty_micro: Annotated[int, Field(ge=0, le=10**9)] = 0
    by: Annotated[str, Field(max_length=64)] = ""

    def asked(self, now_s: int) -> CallAsked:
        """The call as an event of this moment."""
        plain = self.model_dump(exclude={"first_slot"})
        return CallAsked(at_s=now_s, slot_s=parse_utc(self.first_slot), **plain)


class ActivationFile(BaseModel):
    """The activation of an ancillary call in one slot [Wh]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Id
    slot: UtcTime
    request_wh: Energy
    by: Annotated[str, Field(max_length=64)] = ""

    def asked(self, now_s: int) -> ActivationAsked:
        """The activation as an event of this moment."""
        return ActivationAsked(
            at_s=now_s, call=self.call, slot_s=parse_utc(self.slot), request_wh=self.request_wh, by=self.by
        )


def findings(values: dict[str, Any], model: type[BaseModel] = CallFile) -> list[str]:
    """What is wrong with what is asked, one line for each key; [] when it can be written."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False)
        ]
    return []


def file_name(asked: CallAsked | ActivationAsked) -> str:
    """The name of the file that asks for this."""
    if isinstance(asked, CallAsked):
        return f"{asked.call}{SUFFIX}"
    return f"{asked.call}.{format_utc(asked.slot_s).replace(':', '')}{ACTIVATION}"


class CallFiles:
    """Implements the CallSource port on a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, wanted: CallFile | ActivationFile) -> Path:
        """Writes what is asked for the running broker, whole or not at all."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / file_name(wanted.asked(0))
        partial = path.with_suffix(".partial")
        partial.write_text(wanted.model_dump_json() + "\n", encoding="utf-8")
        partial.replace(path)
        return path

    def are_waiting(self) -> bool:
        """Whether something was asked for; cheap, to be called often."""
        return next(self._directory.glob(f"*{SUFFIX}"), None) is not None

    def waiting(self, now_s: int) -> Sequence[CallAsked | ActivationAsked]:
        """What was written and not yet taken, by name; calls before activations of them."""
        found: list[CallAsked | ActivationAsked] = []
        for path in sorted(self._directory.glob(f"*{SUFFIX}"), key=lambda path: (_is_activation(path), path.name)):
            model = ActivationFile if _is_activation(path) else CallFile
            try:
                asked = model.model_validate_json(path.read_bytes()).asked(now_s)
            except (ValidationError, OSError) as error:
                _refuse(path, f"it cannot be read: {error}")
                continue
            if file_name(asked) == path.name:
                found.append(asked)
            else:
                _refuse(path, f"what it asks belongs into {file_name(asked)}: give file and call one name")
        return found

    def taken(self, asked: CallAsked | ActivationAsked, problem: str | None) -> None:
        """Removes the file of what was asked, or leaves the reason in its place."""
        path = self._directory / file_name(asked)
        if problem is None:
            path.unlink(missing_ok=True)
        else:
            _refuse(path, problem)


def _is_activation(path: Path) -> bool:
    return path.name.endswith(ACTIVATION)


def _refuse(path: Path, problem: str) -> None:
    path.with_suffix(".refused").write_text(problem + "\n", encoding="utf-8")
    path.unlink(missing_ok=True)
