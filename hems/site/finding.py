"""Finding: one thing that is wrong in a file, where it is and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_MAX = 100  # findings in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`where` is a JSON path such as devices[2].sessions[0].soc_arrival."""

    where: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.where}: {self.wrong}; {self.remedy}"


class CaseError(ValueError):
    """The file is not a usable case; the caller shows every finding and does nothing else."""

    def __init__(self, source: str, findings: Sequence[Finding]) -> None:
        """Name the file as it was given."""
        self.source = source
        self.findings = tuple(findings)
        lines = [f"{source}: {finding}" for finding in self.findings[:SHOWN_MAX]]
        more = len(self.findings) - len(lines)
        super().__init__("\n".join([*lines, f"{source}: and {more} more"] if more > 0 else lines))


def json_path(parts: Sequence[str | int]) -> str:
    """The parts of a place in a document as one path."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(whole file)"
