"""The demo's child processes: started together, watched, ended by their process ids."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

END_TIMEOUT_S = 10.0


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
        with (self._logs / f"{name}.log").open("ab") as log:
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
