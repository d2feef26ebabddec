"""Exact reasons for the page: `hems why` as a process of its own, one at a time, its answers kept for a slot.

Solving a plan again takes a second or two of one core and some memory: neither belongs into the energy manager.
"""

import asyncio
import json
import sys
from collections import OrderedDict
from pathlib import Path

from wire.slots import format_utc

WAIT_S = 30.0
KEPT = 40
WAITING_MAX = 8


class NoAnswer(Exception):
    """There is no answer: the message says why."""


class WhyAnswers:
    """Answers of `hems why DEVICE --config CONFIG`."""

    def __init__(self, config_path: Path) -> None:
        self._config = config_path
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._kept: OrderedDict[tuple[str, int], str] = OrderedDict()

    async def answer(self, device: str, slot_s: int) -> str:
        """The sentence, what would change it and by which prices that counts, one per line.

        `device` has to be one of the home's.

        Raises: NoAnswer.
        """
        if self._waiting >= WAITING_MAX:
            raise NoAnswer("others are asking")
        self._waiting += 1
        try:
            return await self._in_turn(device, slot_s)
        finally:
            self._waiting -= 1

    async def _in_turn(self, device: str, slot_s: int) -> str:
        async with self._turn:
            known = self._kept.get((device, slot_s))
            if known is None:
                known = await self._asked(device, slot_s)
                self._kept[device, slot_s] = known
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return known

    async def _asked(self, device: str, slot_s: int) -> str:
        command = [
            sys.executable,
            "-P",
            "-m",
            "hems.cli",
            "why",
            "--config",
            str(self._config),
            "--at",
            format_utc(slot_s),  # of a home in announced time the clock of this machine says nothing
            "--json",
            "--",
            device,
        ]
        asked = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(WAIT_S):
                printed, wrong = await asked.communicate()
        except TimeoutError:
            raise NoAnswer("the planner took too long; try again later") from None
        finally:
            if asked.returncode is None:
                asked.kill()
                await asked.wait()
        if asked.returncode:
            raise NoAnswer(wrong.decode(errors="replace").strip()[:300] or "hems why gave no answer")
        made = json.loads(printed)["devices"][0]
        lines = [made["sentence"], *made.get("would_change", [])]
        if "counted_by" in made:
            lines.append(made["counted_by"])
        return "\n".join(str(line) for line in lines)
