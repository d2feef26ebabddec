"""A demo waits for processes that work, however slow the machine, and gives up on those that hang."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.demo.patience import ASKS_MAX, IDLE_S_MAX, WINDOW_S, WORK_S, WORK_S_MAX, Next, Patience
from twin.demo.processes import Children, work_of_s

BURNS = """
import subprocess, sys, time
while time.process_time() < 0.3: pass
if len(sys.argv) > 1:
    child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE)
    child.stdout.readline()
print("done", flush=True)
time.sleep(600)
"""


def judged(patience: Patience, until_s: int, work_per_s: float | None) -> list[Next]:
    """What is done in each second."""
    return [patience.judged(s, None if work_per_s is None else s * work_per_s) for s in range(1, until_s + 1)]


@given(st.floats(2 * WORK_S / WINDOW_S, 1.0))
def test_processes_that_work_are_waited_for_ten_times_as_long_as_idle_ones(work_per_s: float) -> None:
    done = judged(Patience(0.0, 0.0), round(10 * IDLE_S_MAX), work_per_s)
    assert Next.GIVE_UP not in done
    assert done.count(Next.ASK_AGAIN) == ASKS_MAX  # others may work while one has not heard


@given(st.floats(0.0, 0.5 * WORK_S / WINDOW_S))
def test_processes_that_hang_are_asked_again_and_then_given_up(work_per_s: float) -> None:
    done = judged(Patience(0.0, 0.0), round(IDLE_S_MAX), work_per_s)
    assert done[-1] is Next.GIVE_UP and done.count(Next.GIVE_UP) == 1
    assert done.count(Next.ASK_AGAIN) == ASKS_MAX == IDLE_S_MAX // WINDOW_S - 1


def test_work_that_only_asking_again_causes_does_not_keep_a_demo_waiting_for_ever() -> None:
    patience, work_s, done = Patience(0.0, 0.0), 0.0, list[Next]()
    while len(done) < 3 * IDLE_S_MAX and Next.GIVE_UP not in done:
        done.append(patience.judged(float(len(done)), work_s))
        work_s += 2 * WORK_S * (done[-1] is Next.ASK_AGAIN)
    assert done[-1] is Next.GIVE_UP and done.count(Next.ASK_AGAIN) == ASKS_MAX


def test_where_a_system_does_not_tell_the_work_only_answers_count() -> None:
    patience = Patience(0.0, None)
    patience.answered(80.0)
    assert patience.judged(80.0 + IDLE_S_MAX - 1, None) is not Next.GIVE_UP
    assert patience.judged(80.0 + IDLE_S_MAX, None) is Next.GIVE_UP
    assert patience.reason(80.0 + IDLE_S_MAX, None).startswith("nobody answered for 90 s")


def test_work_without_end_on_one_instant_is_given_up_and_named() -> None:
    patience, seconds = Patience(0.0, 0.0), round(WORK_S_MAX)
    done = judged(patience, seconds + 1, 1.0)
    assert Next.GIVE_UP not in done[:-1] and done[-1] is Next.GIVE_UP
    assert "turn in a circle" in patience.reason(seconds + 1, seconds + 1.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell the work of processes")
def test_work_counts_that_of_processes_and_of_those_they_started(tmp_path: Path) -> None:
    script = tmp_path / "burns.py"
    script.write_text(BURNS, encoding="utf-8")
    child = subprocess.Popen([sys.executable, str(script), str(script)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline() == b"done\n"
        assert work_of_s({child.pid}) >= 0.5
        assert work_of_s(set()) == 0.0
    finally:
        child.kill()
        child.communicate()


def test_processes_that_have_ended_work_no_more(tmp_path: Path) -> None:
    assert Children(tmp_path).work_s() in (0.0, None)
