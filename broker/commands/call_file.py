"""Leaves what an operator asks for in the state directory of a running broker."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.commands.exit_status import BAD_INPUT, DONE

if TYPE_CHECKING:
    from broker.io.call_files import ActivationFile, CallFile


def leave(
    state_dir: Path, model: "type[CallFile | ActivationFile]", values: dict[str, object], wrong: list[str]
) -> int:
    """The exit status after writing the file; `wrong` are findings already made, with any nothing is written."""
    from broker.io.call_files import CallFiles
    from broker.io.state_dir import StateDir

    state = StateDir(state_dir)
    if not state.journal.is_file():
        wrong = [*wrong, f"STATE_DIR: {state_dir} holds no journal; name the state directory of a running broker"]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return BAD_INPUT
    try:
        path = CallFiles(state.calls).write(model.model_validate(values))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; make the directory writable", file=sys.stderr)
        return BAD_INPUT
    print(f"{path} waits for the broker")
    return DONE
