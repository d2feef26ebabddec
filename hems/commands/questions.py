"""Questions to a person at a terminal; without one the defaults hold."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks, or takes defaults where nobody can be asked."""

    is_asking: bool
    read: Callable[[str], str] = input

    def text(self, question: str, default: str) -> str:
        """The answer, or the default for an empty one."""
        return (self.read(f"{question} [{default}]: ").strip() or default) if self.is_asking else default

    def checked(self, question: str, default: str, check: Callable[[str], object]) -> str:
        """The answer that a check takes; asks again for one that it refuses with a ValueError."""
        while True:
            answer = self.text(question, default)
            try:
                check(answer)
                return answer
            except ValueError as error:
                if not self.is_asking:
                    raise
                print(error)

    def number(self, question: str, default: float) -> float:
        """The number that was answered; asks again for anything else."""
        while True:
            answer = self.text(question, f"{default:g}").replace(",", ".")
            try:
                return float(answer)
            except ValueError:
                print(f"{answer!r} is no number")

    def numbers(self, question: str, default: str, count: int) -> list[float] | None:
        """Several numbers, None for an empty answer or `none`."""
        while True:
            answer = self.text(question, default)
            if answer in ("", "none"):
                return None
            try:
                found = [float(part) for part in answer.split(",")]
            except ValueError:
                found = []
            if len(found) == count:
                return found
            print(f"{answer!r}: give {count} numbers with commas between, or none")
