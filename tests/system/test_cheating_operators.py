"""Cheating operators are found within one slot by the named check; an honest one is left alone.

`scripts/prove cheats` runs a thousand of them, here is every trick once and a fixed-seed hundredth.
"""

import pytest

from proofs.cheats import CHEATS, HONEST, Run, run

# What a member cannot see without knowing how many members there really are: `verify --members N`.
OUTSIDE_ONLY = {"counted_puppet"}
# What no archive tells, because it has no clock of its own and does not know what a member has never said.
LIVE_ONLY = {"close_secretly_early", "break_off_by_the_clock", "answer_for_a_member"}


def judged(result: Run) -> Run:
    assert not result.false_alarms
    assert result.holds, result
    return result


@pytest.mark.parametrize("cheat", CHEATS)
def test_every_trick_is_found_by_its_check_live_and_from_the_published_messages(cheat: str) -> None:
    result = judged(run(1, cheat))
    assert result.live or cheat in OUTSIDE_ONLY
    assert result.offline or cheat in LIVE_ONLY


@pytest.mark.parametrize("seed", range(1, 5))
def test_an_honest_operator_raises_no_alarm(seed: int) -> None:
    judged(run(seed, HONEST))


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_drawn_trick_is_found(seed: int) -> None:
    judged(run(seed))
