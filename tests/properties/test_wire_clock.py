"""The driven clock's coordinator: every wake is visited once, in order, whoever answers twice, late or anew."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import clock
from wire.clock import READY, ClockError, Coordinator, Done, Instant, Verdict

START_S = 1_800_000_000
WAKES = st.dictionaries(
    st.sampled_from(["broker", "home-1", "home-2", "meter-1"]),
    st.sets(st.integers(START_S, START_S + 50), max_size=12),
    min_size=1,
)


def next_after(wakes: set[int], now_s: int) -> int | None:
    return min((wake for wake in wakes if wake > now_s), default=None)


@given(WAKES, st.randoms(use_true_random=False))
def test_every_wake_is_announced_once_and_in_order(wakes: dict[str, set[int]], rng: random.Random) -> None:
    coordinator = Coordinator(wakes, START_S)
    for process in wakes:
        assert coordinator.on_done(process, Done(READY, None)) is Verdict.COUNTED
    visited: list[int] = []
    while (now_s := coordinator.next_instant()) is not None:
        instant = coordinator.announce(now_s)
        assert instant == Instant(len(visited) + 1, now_s)
        visited.append(now_s)
        for process in rng.sample(sorted(wakes), len(wakes)):
            assert not coordinator.all_done
            if rng.random() < 0.3:
                assert coordinator.on_done(process, Done(READY, None)) is Verdict.RESTARTED
            done = Done(instant.instant, next_after(wakes[process], now_s))
            assert coordinator.on_done(process, done) is Verdict.COUNTED
            assert coordinator.on_done(process, done) is Verdict.REPEATED
            assert coordinator.on_done("stranger", done) is Verdict.UNKNOWN
            if instant.instant > 1:
                assert coordinator.on_done(process, Done(1, None)) is Verdict.STALE
    assert visited == sorted({START_S, *(wake for own in wakes.values() for wake in own)})


def ready(*processes: str) -> Coordinator:
    coordinator = Coordinator(processes, START_S)
    for process in processes:
        coordinator.on_done(process, Done(READY, None))
    return coordinator


def test_time_does_not_go_on_while_somebody_works() -> None:
    coordinator = ready("a", "b")
    coordinator.announce(START_S)
    coordinator.on_done("a", Done(1, START_S + 5))
    assert coordinator.waiting == {"b"}
    with pytest.raises(ClockError, match="waiting for b"):
        coordinator.announce(START_S + 5)


def test_a_process_that_restarts_has_to_answer_the_instant_again() -> None:
    coordinator = ready("a")
    coordinator.announce(START_S)
    coordinator.on_done("a", Done(1, START_S + 5))
    assert coordinator.on_done("a", Done(READY, START_S + 9)) is Verdict.RESTARTED
    assert not coordinator.all_done


@pytest.mark.parametrize("done", [Done(2, None), Done(1, START_S), Done(1, START_S - 1)])
def test_an_answer_from_the_future_or_a_wake_in_the_past_is_refused(done: Done) -> None:
    coordinator = ready("a")
    coordinator.announce(START_S)
    with pytest.raises(ClockError):
        coordinator.on_done("a", done)
    assert not coordinator.all_done


@pytest.mark.parametrize("step_s", [0, -1, -900])
def test_time_has_to_advance(step_s: int) -> None:
    coordinator = ready("a")
    coordinator.announce(START_S)
    coordinator.on_done("a", Done(1, None))
    with pytest.raises(ClockError, match="is not after"):
        coordinator.announce(START_S + step_s)


@given(st.integers(0, 2**40), st.integers(0, 4_000_000_000), st.booleans())
def test_messages_come_back_as_they_were(number: int, moment_s: int, ends: bool) -> None:
    now, done = Instant(number, moment_s), Done(number, None if ends else moment_s)
    assert clock.decode_now(clock.encode_now(now)) == now
    assert clock.decode_done(clock.encode_done(done)) == done


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"instant":1}',
        b'{"instant":1,"now":null}',
        b'{"instant":-1,"now":"2027-01-15T08:00:00Z"}',
        b'{"instant":true,"now":"2027-01-15T08:00:00Z"}',
        b'{"instant":"1","now":"2027-01-15T08:00:00Z"}',
        b'{"instant":1,"now":5}',
        b'{"instant":1,"now":"2027-01-15T08:00:00"}',
        b'{"instant":1,"now":"2027-01-15T08:00:00Z","x":1}',
    ],
)
def test_what_is_no_announcement_is_refused(payload: bytes) -> None:
    with pytest.raises(ClockError):
        clock.decode_now(payload)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_a_clock_error(payload: bytes) -> None:
    try:
        answer = clock.decode_done(payload)
    except ClockError:
        return
    assert clock.decode_done(clock.encode_done(answer)) == answer


def test_topics_name_the_process_that_answers() -> None:
    assert clock.process_of(clock.done_topic("elm", "broker"), "elm") == "broker"
    for name in ("hearthgrid/v1/elm/clock/now", "hearthgrid/v1/oak/clock/done/a", "hearthgrid/v1/elm/clock/done/a/b"):
        assert clock.process_of(name, "elm") is None
