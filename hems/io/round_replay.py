"""Clearing rounds again in a process of its own: `community-broker verify` reads what was heard.

The home's programs know no market mechanism; the program that does is installed beside them.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from wire.audit import Check, Violation

VERIFY = (sys.executable, "-P", "-m", "broker.cli", "verify", "-", "--json")
TIMEOUT_S = 120.0


class NoReplay(Exception):
    """The rounds could not be cleared again: why, with the remedy."""


async def replayed(
    lines: Sequence[str], broker_key: str, *, command: Sequence[str] = VERIFY, timeout_s: float = TIMEOUT_S
) -> list[Violation]:
    """What clearing an archive's rounds again finds.

    Raises: NoReplay when the program is missing, takes too long or does not answer.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            "--broker-key",
            broker_key,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise NoReplay(f"{command[0]}: {error.strerror}; install community-broker, or set replay = false") from None
    text = "".join(f"{line}\n" for line in lines).encode()
    try:
        said, wrong = await asyncio.wait_for(process.communicate(text), timeout_s)
    except TimeoutError:
        raise NoReplay(f"not done within {timeout_s:.0f} s; set replay = false on slow machines") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _findings(said, wrong.decode(errors="replace").strip()[-200:])


def _findings(said: bytes, wrong: str) -> list[Violation]:
    try:
        report = json.loads(said)
        return [Violation(Check(row["check"]), row["about"], row["detail"]) for row in report["violations"]]
    except (ValueError, KeyError, TypeError):
        raise NoReplay(
            f"the verification did not answer: {wrong}; install the same release of all programs"
        ) from None
