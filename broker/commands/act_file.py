"""Leaves what an operator does in the state directory, and waits until the running broker has done it."""

import getpass
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.commands.exit_status import BAD_INPUT, DONE, FAILED

if TYPE_CHECKING:
    from broker.io.operator_files import ActFile

WAIT_S = 10.0
POLL_S = 0.05


def user() -> str:
    """The system user who asks; it stands in the journal beside what was asked."""
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):
        return "unknown"


def act(state_dir: Path, done: str, **values: Any) -> int:
    """The exit status after an act: 0 done or waiting for the broker's start, 1 refused, 2 bad input."""
    from pydantic import ValidationError

    from broker.io.operator_files import ActFile

    try:
        wanted = ActFile(by=user(), **values)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            print(f"--{'-'.join(map(str, found['loc']))}: {found['msg']}; correct it", file=sys.stderr)
        return BAD_INPUT
    return left(state_dir, wanted, done)


def left(state_dir: Path, wanted: "ActFile", done: str) -> int:
    """The exit status after the broker has taken an act; without a running broker it waits for its start."""
    from broker.io.operator_files import REFUSED, OperatorFiles
    from broker.io.state_dir import StateDir, is_served

    state = StateDir(state_dir)
    if not state.journal.is_file():
        print(f"STATE_DIR: {state_dir} holds no journal; name the state directory of a broker", file=sys.stderr)
        return BAD_INPUT
    try:
        path = OperatorFiles(state.acts).write(wanted)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; run this as the broker's user", file=sys.stderr)
        return BAD_INPUT
    if not is_served(state):
        print(f"{path} waits: no broker runs on {state_dir}; it is done first when one starts")
        return DONE
    end_s = time.monotonic() + WAIT_S
    while path.exists() and time.monotonic() < end_s:
        time.sleep(POLL_S)
    refused = path.with_suffix(REFUSED)
    if refused.exists():
        print(refused.read_text(encoding="utf-8").strip(), file=sys.stderr)
        refused.unlink()
        return FAILED
    print(f"{path} waits for the broker" if path.exists() else done)
    return DONE
