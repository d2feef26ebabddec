"""The meter's wait for its home at an instant of a driven clock, whatever is announced twice or gets lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hems.app import home_instants
from hems.app.home_instants import HomeInstants
from hems.io.home_link import Line
from wire.clock import Instant

FIRST, SECOND = Instant(15, 1_750_001_400), Instant(16, 1_750_001_460)


class Home:
    """An energy manager's line: what it was told, and whether it is there."""

    def __init__(self) -> None:
        self.connected = True
        self.told: list[int] = []

    def send(self, line: Line) -> None:
        if self.connected:
            self.told.append(line["instant"])


async def settled() -> None:
    """Lets every task go on as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def answer(instant: Instant) -> Line:
    return {"type": "done", "instant": instant.instant, "next_s": instant.now_s + 60}


def played(scene: Callable[[HomeInstants, Home], Awaitable[None]]) -> None:
    async def plays() -> None:
        home = Home()
        instants = HomeInstants(home)
        instants.connected()
        await asyncio.wait_for(scene(instants, home), 10)

    asyncio.run(plays())


def test_one_answer_serves_all_who_wait_and_none_is_taken_from_a_later_instant() -> None:
    async def scene(instants: HomeInstants, home: Home) -> None:
        twice = [asyncio.ensure_future(instants.worked_off(FIRST)) for _ in range(2)]
        await settled()
        instants.answered(answer(FIRST))  # the other answer was lost with a connection
        assert [await task for task in twice] == [FIRST.now_s + 60] * 2
        later = asyncio.ensure_future(instants.worked_off(SECOND))
        await settled()
        instants.answered(answer(SECOND))
        assert await later == SECOND.now_s + 60
        assert home.told == [15, 15, 16]

    played(scene)


def test_a_late_answer_to_an_earlier_instant_is_not_the_later_ones() -> None:
    async def scene(instants: HomeInstants, home: Home) -> None:
        later = asyncio.ensure_future(instants.worked_off(SECOND))
        await settled()
        instants.answered(answer(FIRST))
        await settled()
        assert not later.done()
        instants.answered(answer(SECOND))
        assert await later == SECOND.now_s + 60

    played(scene)


def test_a_home_that_comes_back_is_told_again_what_it_has_not_answered() -> None:
    async def scene(instants: HomeInstants, home: Home) -> None:
        waiting = asyncio.ensure_future(instants.worked_off(FIRST))
        await settled()
        instants.connected()
        instants.answered(answer(FIRST))
        assert await waiting == FIRST.now_s + 60
        assert home.told == [15, 15]
        instants.connected()
        assert home.told == [15, 15]

    played(scene)


def test_a_home_that_sleeps_is_left_alone_and_one_that_has_gone_is_not_waited_for() -> None:
    async def scene(instants: HomeInstants, home: Home) -> None:
        first = asyncio.ensure_future(instants.worked_off(FIRST))
        await settled()
        instants.answered({**answer(FIRST), "next_s": SECOND.now_s + 1})
        assert await first == await instants.worked_off(SECOND) == SECOND.now_s + 1
        home.connected = False
        assert await instants.worked_off(SECOND) is None
        assert home.told == [15]

    played(scene)


def test_a_home_that_never_answers_is_waited_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_instants, "HOME_TIMEOUT_S", 0.05)

    async def scene(instants: HomeInstants, home: Home) -> None:
        assert await instants.worked_off(FIRST) is None
        assert home.told == [15]

    played(scene)
