"""The registries of assertions: a number of the specification and the pure function that judges a run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.evidence import Evidence
from conformance.requirement import Requirement, Subject
from conformance.requirements import REQUIREMENTS
from conformance.verdict import Broken, Verdict

Judge = Callable[[Evidence], Verdict]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One numbered requirement with its judge."""

    requirement: Requirement
    judge: Judge

    @property
    def id(self) -> str:
        """The number."""
        return self.requirement.id

    def judged(self, run: Evidence) -> Verdict:
        """The verdict on a run; a message so wrong that the judge stumbles over it breaks the requirement."""
        try:
            return self.judge(run)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            return Broken(f"could not be judged, what was heard makes no sense: {type(error).__name__}: {error}")


class Registry:
    """The assertions about one subject."""

    def __init__(self, *subjects: Subject) -> None:
        self._subjects = subjects
        self._judges: dict[str, Judge] = {}

    def add(self, number: int, judge: Judge) -> None:
        """Registers a judge.

        Raises: ValueError when the specification has no such number for this subject, or it has a judge.
        """
        name = f"TP-{number:03}"
        if name not in REQUIREMENTS or REQUIREMENTS[name].subject not in self._subjects:
            raise ValueError(f"{name} is no requirement about {', '.join(self._subjects)}")
        if name in self._judges:
            raise ValueError(f"{name} has a judge already")
        self._judges[name] = judge

    def asserts(self, number: int) -> Callable[[Judge], Judge]:
        """Registers the decorated judge under a number."""

        def register(judge: Judge) -> Judge:
            self.add(number, judge)
            return judge

        return register

    def __iter__(self) -> Iterator[Assertion]:
        return iter([Assertion(REQUIREMENTS[name], self._judges[name]) for name in sorted(self._judges)])

    def __len__(self) -> int:
        return len(self._judges)


BROKER = Registry(Subject.BROKER, Subject.BOTH, Subject.SERVER)
METER = Registry(Subject.METER, Subject.BOTH)
