"""The expected outcomes of admitting a message."""

from dataclasses import dataclass

from wire.reasons import HINTS, Reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message changes the state; `repeated` when it already did and only its receipt is sent again."""

    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message changes nothing: why, and in which field."""

    code: Reason
    detail: str
    field: str | None = None

    @property
    def hint(self) -> str:
        """What the sender has to do."""
        return HINTS[self.code]


Admission = Accepted | Rejected
