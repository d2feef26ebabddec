"""The network operator's limit: heartbeats, failsafe, what a plan expects, and what counts as a signal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.control.grid_limit import FREE, GridLimit, GridRule, GridSignal, GridState, InForce
from hems.control.grid_signal import NoSignal, contact_state, told_limits
from hems.dispatch.guard import Limits
from hems.planning.home_problem import home_problem
from hems.planning.outlook import Outlook
from tests.fakes import BATTERY, START_S, FakeOutlooks, home, idle, image, slot

RULE = GridRule(heartbeat_s=20, failsafe_import_kw=4.2, failsafe_export_kw=1.0, failsafe_s=50)
LIMITED = GridSignal(heard_s=0, import_kw=2.0)


@dataclass(frozen=True)
class Said:
    """A signal of a drawn history."""

    after_s: int
    import_kw: float | None
    export_kw: float | None
    lasts_s: int | None


SAID = st.lists(
    st.builds(
        Said,
        after_s=st.integers(1, 90),
        import_kw=st.none() | st.sampled_from([0.0, 2.0, 6.0]),
        export_kw=st.none() | st.sampled_from([0.0, 3.0]),
        lasts_s=st.none() | st.integers(0, 60),
    ),
    max_size=6,
)


def signals(said: Sequence[Said]) -> list[GridSignal]:
    heard_s, found = START_S, []
    for one in said:
        heard_s += one.after_s
        until_s = None if one.lasts_s is None else heard_s + one.lasts_s
        found.append(GridSignal(heard_s=heard_s, import_kw=one.import_kw, export_kw=one.export_kw, until_s=until_s))
    return found


def second_by_second(heard: Sequence[GridSignal], end_s: int) -> list[tuple[float | None, float | None]]:
    """What has to hold in each second from the start on, by counting seconds of silence."""
    silence, current, found = RULE.heartbeat_s or 0, None, list[tuple[float | None, float | None]]()
    by_second = {signal.heard_s: signal for signal in heard}
    for now_s in range(START_S, end_s):
        if now_s in by_second:
            silence, current = 0, by_second[now_s]
        if silence >= 20:
            found.append((4.2, 1.0) if silence < 70 else (None, None))
        elif current is None or (current.until_s is not None and now_s >= current.until_s):
            found.append((None, None))
        else:
            found.append((current.import_kw, current.export_kw))
        silence += 1
    return found


@given(SAID)
def test_what_holds_is_what_counting_seconds_says_and_no_change_comes_unannounced(said: list[Said]) -> None:
    heard = signals(said)
    end_s = (heard[-1].heard_s if heard else START_S) + 100
    expected = second_by_second(heard, end_s)
    limit, change_s = GridLimit(RULE, START_S), START_S
    holds = limit.in_force(START_S)
    by_second = {signal.heard_s: signal for signal in heard}
    for now_s in range(START_S, end_s):
        if now_s in by_second:
            limit.hear(by_second[now_s])
            change_s = now_s
        found = limit.in_force(now_s)
        assert (found.import_kw, found.export_kw) == expected[now_s - START_S]
        assert found == holds or now_s == change_s, "it changed when nobody was woken"
        holds, following_s = found, limit.next_change_s(now_s)
        change_s = now_s + 10**6 if following_s is None else following_s


def test_a_home_that_has_heard_nothing_begins_in_failsafe_and_is_its_own_when_that_is_over() -> None:
    limit = GridLimit(GridRule(), START_S)
    assert limit.in_force(START_S) == InForce(state=GridState.FAILSAFE, import_kw=4.2, until_s=START_S + 7200)
    assert limit.in_force(START_S + 7199).state is GridState.FAILSAFE
    assert limit.in_force(START_S + 7200) == FREE
    limit.hear(replace(LIMITED, heard_s=START_S + 9000))
    assert limit.in_force(START_S + 9000).import_kw == 2.0


def test_after_a_restart_the_last_signal_holds_for_one_heartbeat() -> None:
    limit = GridLimit(RULE, START_S, replace(LIMITED, heard_s=START_S - 5000))
    assert limit.in_force(START_S + 19).import_kw == 2.0
    assert limit.in_force(START_S + 20).state is GridState.FAILSAFE


def test_a_wire_has_no_heartbeat_and_keeps_what_it_said() -> None:
    limit = GridLimit(GridRule(heartbeat_s=None), START_S)
    assert limit.in_force(START_S + 10**6) == FREE and limit.next_change_s(START_S) is None
    limit.hear(replace(LIMITED, heard_s=START_S))
    assert limit.in_force(START_S + 10**6).import_kw == 2.0


def test_a_clock_that_is_set_back_leaves_the_limit_in_force() -> None:
    limit = GridLimit(RULE, START_S)
    limit.hear(replace(LIMITED, heard_s=START_S))
    assert limit.in_force(START_S - 3600).import_kw == 2.0


def test_the_tightest_of_home_and_operator_counts() -> None:
    of = replace(home(BATTERY), import_limit_kw=3.0, export_limit_kw=10.0)
    holds = InForce(state=GridState.LIMITED, import_kw=4.2, export_kw=0.0)
    assert holds.limits(of) == Limits(import_kw=3.0, export_kw=0.0)
    assert FREE.limits(of) == Limits(import_kw=3.0, export_kw=10.0)
    assert (holds.told, FREE.told) == ("4.2 kW from the grid and nothing to the grid", "")


@pytest.mark.parametrize(("until_s", "limited"), [(START_S + 1800, 2), (START_S + 1801, 3), (None, 8), (START_S, 0)])
def test_a_plan_keeps_to_a_limit_in_every_slot_that_begins_before_its_end(until_s: int | None, limited: int) -> None:
    outlook: Outlook = FakeOutlooks().outlook(START_S, START_S, 16)
    free = home_problem(home(BATTERY), image({"battery": idle(soc=0.5)}), outlook, None)
    holds = InForce(state=GridState.LIMITED, import_kw=2.0, until_s=until_s)
    problem = holds.planned(free, slot())
    assert np.flatnonzero(problem.import_limit_kw == 2.0).tolist() == list(range(limited))
    assert (problem.export_limit_kw == free.export_limit_kw).all()
    assert FREE.planned(free, slot()) is free


def test_a_signal_tells_limits_in_watts_and_an_end() -> None:
    payload = b'{"import_limit_w": 4200, "export_limit_w": 0.5, "until": "2026-11-30T18:00:00+01:00"}'
    assert told_limits(payload, 7) == GridSignal(heard_s=7, import_kw=4.2, export_kw=0.0005, until_s=1_796_058_000)
    assert told_limits(b"{}", 7) == GridSignal(heard_s=7)
    assert told_limits(b'{"import_limit_w": null, "until": null}', 7) == GridSignal(heard_s=7)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"", "no JSON object"),
        (b"4200", "no JSON object"),
        (b"\xff\xfe", "no JSON object"),
        (b"[" * 5000, "no JSON object"),
        (b'{"limit": 4200}', "unknown key 'limit'"),
        (b'{"import_limit_w": -1}', "from 0 on"),
        (b'{"import_limit_w": NaN}', "no JSON object"),
        (b'{"import_limit_w": 1e400}', "from 0 on"),
        (b'{"import_limit_w": true}', "from 0 on"),
        (b'{"import_limit_w": "4200"}', "from 0 on"),
        (b'{"export_limit_w": [0]}', "from 0 on"),
        (b'{"until": "18:00"}', "until is"),
        (b'{"until": "2026-11-30T18:00:00"}', "until is"),
        (b'{"until": 1796058000}', "until is"),
    ],
)
def test_what_is_no_signal_is_named_with_what_belongs_there(payload: bytes, says: str) -> None:
    with pytest.raises(NoSignal, match=says):
        told_limits(payload, 0)


@given(st.binary(max_size=200), st.sampled_from([None, "a.0"]))
def test_no_bytes_do_harm(payload: bytes, path: str | None) -> None:
    for read in (lambda: told_limits(payload, 0), lambda: contact_state(payload, path)):
        try:
            read()
        except NoSignal as error:
            assert str(error)


@pytest.mark.parametrize(
    ("payload", "path", "state"),
    [
        (b"ON", None, "ON"),
        (b" OFF\n", None, "OFF"),
        (b'{"id": 0, "state": true}', "state", "true"),
        (b'{"contact": false}', "contact", "false"),
        (b'{"relays": [{"value": 1}]}', "relays.0.value", "1"),
    ],
)
def test_the_state_of_a_contact_is_a_word(payload: bytes, path: str | None, state: str) -> None:
    assert contact_state(payload, path) == state
