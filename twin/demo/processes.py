"""The demo's child processes: started together, watched, ended by their process ids."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

END_TIMEOUT_S = 10.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Children:
    """Processes of one demo, each with a log file of its own."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, module: str, arguments: Sequence[str]) -> None:
        """Starts `python -m module arguments`; what it prints goes to its log."""
        self._commands[name] = [sys.executable, "-m", module, *arguments]
        self.restart(name)

    def restart(self, name: str) -> None:
        """Starts a process that was started before and has ended; its log goes on."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        with (self._logs / f"{name}.log").open("ab") as log, uninterrupted():
            self._running[name] = subprocess.Popen(
                self._commands[name], stdout=log, stderr=subprocess.STDOUT, env=environment
            )

    def kill(self, name: str) -> None:
        """Kills a process without warning, as a power cut would."""
        self._running[name].kill()
        self._running[name].wait()

    def dead(self) -> str | None:
        """Which process has ended, with the end of its log; None while all run."""
        for name, child in self._running.items():
            status = child.poll()
            if status is not None:
                tail = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()[-3:]
                return f"{name} ended with status {status}: {' | '.join(tail) or 'it said nothing'}"
        return None

    def work_s(self) -> float | None:
        """Processor time of all that run and of their children so far [s]; None where the system does not tell."""
        roots = {child.pid for child in self._running.values() if child.poll() is None}
        try:
            return work_of_s(roots)
        except OSError:
            return None

    def peak_memory_mb(self) -> dict[str, float]:
        """The largest resident memory of every running process so far [MB]; empty where the system does not tell."""
        peaks = {}
        for name, child in self._running.items():
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    peaks[name] = int(line.split()[1]) / 1024
        return peaks

    def end(self) -> None:
        """Asks all to stop, and kills what does not within ten seconds."""
        for child in self._running.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._running.values():
            try:
                child.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What ends the program waits until this is done: else a process that has just started is known to nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread
        return
    came: list[int] = []
    kept = {number: signal.signal(number, lambda told, _: came.append(told)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for given in came:
        signal.raise_signal(given)


def work_of_s(roots: set[int]) -> float:
    """Processor time of processes and all that descend from them, those that ended included [s].

    Raises: OSError where there is no /proc. Source: proc_pid_stat(5), fields 4 and 14 to 17.
    """
    parents, ticks = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(folder.name)
        parents[pid], ticks[pid] = int(fields[1]), sum(int(field) for field in fields[11:15])
    family = [pid for pid in parents if not roots.isdisjoint(_line_of(pid, parents))]
    return sum(ticks[pid] for pid in family) / os.sysconf("SC_CLK_TCK")


def _line_of(pid: int, parents: dict[int, int]) -> list[int]:
    """A process and its ancestors."""
    line = [pid]
    while (parent := parents.get(line[-1])) is not None and parent not in line:
        line.append(parent)
    return line
