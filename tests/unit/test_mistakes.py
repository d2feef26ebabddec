"""User mistakes with files and commands: no stack trace, and the remedy is named; the whole list is a benchmark."""

import re

import pytest

from benchmarks.mistakes.configuration import CONFIGURATION
from benchmarks.mistakes.files import FILES
from benchmarks.mistakes.in_process import is_quick, lived
from benchmarks.mistakes.mistake import Mistake, judged
from benchmarks.mistakes.operator import OPERATOR

QUICK = [mistake for mistake in (*CONFIGURATION, *FILES, *OPERATOR) if is_quick(mistake)]


@pytest.mark.parametrize("mistake", QUICK, ids=lambda mistake: re.sub(r"\W+", "-", mistake.name))
def test_a_user_who_makes_a_mistake_is_told_what_to_do(mistake: Mistake) -> None:
    outcome = lived(mistake)
    assert not outcome.problem, f"{outcome.problem}\n{outcome.output}"


def test_every_mistake_has_a_name_of_its_own_and_asks_for_a_remedy() -> None:
    names = [mistake.name for mistake in QUICK]
    assert len(names) == len(set(names)) >= 50
    assert all(mistake.says for mistake in QUICK)


def test_a_trace_a_wrong_status_and_a_missing_remedy_are_each_found() -> None:
    mistake = QUICK[0]
    good = "x: No such file or directory; name the home's TOML file"
    assert not judged(mistake, good, 2).problem
    assert judged(mistake, f"{good}\nTraceback (most recent call last):", 2).problem == "shows a stack trace"
    assert judged(mistake, good, 0).problem == "ends with status 0"
    assert "does not say" in judged(mistake, "x: No such file or directory", 2).problem
