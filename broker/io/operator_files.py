"""What the operator does to a running broker, as files: the commands write them, it takes them within a second.

`operator/ACT.json`, or `operator/ACT.METER.json`. A file is removed when it was taken, and becomes `.refused`
with the reason when it cannot be.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.control.ports import StorageFailed
from broker.market.events import (
    Enrolled,
    MarketPaused,
    MarketResumed,
    MemberForgotten,
    MemberReadmitted,
    MemberRevoked,
    OperatorEvent,
)
from wire.fields import Hex32, Id

SUFFIX, REFUSED = ".json", ".refused"
Words = Annotated[str, Field(min_length=1, max_length=160)]
ACTS: dict[type[OperatorEvent], str] = {
    MarketPaused: "pause",
    MarketResumed: "resume",
    MemberRevoked: "revoke",
    MemberReadmitted: "readmit",
    MemberForgotten: "forget",
    Enrolled: "enrol",
}


class ActFile(BaseModel):
    """One act of the operator; `by` is the system user who asked, `reason` is published with a pause."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Literal["pause", "resume", "revoke", "readmit", "forget", "enrol"]
    by: Annotated[str, Field(max_length=64)] = ""
    reason: Words = "no reason given"
    meter: Id | None = None
    public_key: Hex32 | None = None
    nameplate_import_w: Annotated[int, Field(ge=0)] = 0
    nameplate_export_w: Annotated[int, Field(ge=0)] = 0
    gateway: Id | Literal[""] = ""

    def asked(self, now_s: int) -> OperatorEvent:
        """The act as an event of this moment.

        Raises: ValueError when it does not say whom it is about.
        """
        if self.act in ("pause", "resume"):
            model = MarketPaused if self.act == "pause" else MarketResumed
            return model(at_s=now_s, reason=self.reason, by=self.by)
        if self.meter is None:
            raise ValueError(f"{self.act} names no meter")
        if self.act == "enrol":
            return self._enrolment(self.meter, now_s)
        if self.act == "forget":
            return MemberForgotten(at_s=now_s, meter=self.meter, by=self.by)
        about = MemberRevoked if self.act == "revoke" else MemberReadmitted
        return about(at_s=now_s, meter=self.meter, reason=self.reason, by=self.by)

    def _enrolment(self, meter: str, now_s: int) -> Enrolled:
        if self.public_key is None:
            raise ValueError("enrol names no public_key")
        return Enrolled(
            at_s=now_s,
            meter=meter,
            public_key=self.public_key,
            nameplate_import_w=self.nameplate_import_w,
            nameplate_export_w=self.nameplate_export_w,
            gateway=self.gateway,
            by=self.by,
        )


def file_name(asked: OperatorEvent) -> str:
    """The name of the file that asks for this."""
    about = () if isinstance(asked, MarketPaused | MarketResumed) else (asked.meter,)
    return ".".join((ACTS[type(asked)], *about)) + SUFFIX


class OperatorFiles:
    """Implements the ActSource port on a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: dict[str, bytes] = {}

    def write(self, wanted: ActFile) -> Path:
        """Writes what is asked for the running broker, whole or not at all; an older refusal of it goes."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / file_name(wanted.asked(0))
        path.with_suffix(REFUSED).unlink(missing_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(wanted.model_dump_json() + "\n", encoding="utf-8")
        partial.replace(path)
        return path

    def are_waiting(self) -> bool:
        """Whether something was asked for; cheap, to be called often."""
        return next(self._directory.glob(f"*{SUFFIX}"), None) is not None

    def waiting(self, now_s: int) -> Sequence[OperatorEvent]:
        """What was written and not yet taken, by name."""
        found: list[OperatorEvent] = []
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            try:
                content = path.read_bytes()
                asked = ActFile.model_validate_json(content).asked(now_s)
            except (ValueError, OSError) as error:
                _refuse(path, f"it cannot be read: {_first_line(error)}")
                continue
            if file_name(asked) == path.name:
                self._seen[path.name] = content
                found.append(asked)
            else:
                _refuse(path, f"what it asks belongs into {file_name(asked)}")
        return found

    def taken(self, asked: OperatorEvent, problem: str | None) -> None:
        """Removes the file of what was asked, or leaves the reason in its place; one written since waits its turn.

        Raises: StorageFailed when it cannot.
        """
        path = self._directory / file_name(asked)
        if _content(path) != self._seen.pop(path.name, None):
            return
        try:
            if problem is None:
                path.unlink(missing_ok=True)
            else:
                _refuse(path, problem)
        except OSError as error:  # it would be asked for again and again
            raise StorageFailed(f"{path}: {error.strerror}; make the directory writable, then start again") from None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _first_line(error: ValueError | OSError) -> str:
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return str(error)


def _refuse(path: Path, problem: str) -> None:
    path.with_suffix(REFUSED).write_text(problem + "\n", encoding="utf-8")
    path.unlink(missing_ok=True)
