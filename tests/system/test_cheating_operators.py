"""Cheating operators are found within one slot by the named check; an honest one is left alone.

`scripts/prove cheats` runs a thousand of them, here is every trick once and a fixed-seed hundredth.
"""

import random

import pytest

from broker.market.terms import Terms
from hems.control.market_clock import LIMIT_S
from proofs.cheats import CHEATS, HONEST, Run, play, run
from proofs.tricks.gates import close_secretly_early
from proofs.tricks.plot import Plot
from proofs.watched_community import COMMUNITY, WatchedCommunity, slot
from wire.audit import Check

EARLY_S = LIMIT_S + 60


class Early(random.Random):
    """Draws a gate that closes farther too early than a wrong clock is tolerated."""

    def randint(self, a: int, b: int) -> int:
        return EARLY_S if (a, b) == (6, 230) else super().randint(a, b)


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


@pytest.mark.parametrize("is_steady", [True, False])
def test_a_gate_far_too_early_in_secret_is_found_by_clocks_that_nobody_has_set(is_steady: bool) -> None:
    """Without a steady clock it looks like an own clock that is behind: then nobody trades on, and nobody accuses."""
    community = WatchedCommunity(members=3, terms=Terms(community=COMMUNITY, horizon_slots=4, group_min=2))
    rng = Early("early")
    play(community, rng, 1)
    clocks = [meter.clock for meter in community.meters.values() if meter.clock is not None]
    assert [clock.is_proven for clock in clocks] == [True] * 3
    for clock in () if is_steady else clocks:
        clock._agreed = None
    close_secretly_early(Plot(community, slot(3), rng))
    assert [clock.off_s for clock in clocks] == ([None] if is_steady else [-EARLY_S]) * 3
    assert {violation.check for violation in community.live_findings()} == ({Check.GATE_TIME} if is_steady else set())
    play(community, rng, 5)
    assert [clock.is_proven for clock in clocks] == [True] * 3


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_drawn_trick_is_found(seed: int) -> None:
    judged(run(seed))
