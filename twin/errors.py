"""What a user of the twin has to mend."""

from pathlib import Path


class InputError(Exception):
    """Bad input: names the file, the key and what to do; commands end with status 2."""

    def __init__(self, path: Path, key: str, detail: str) -> None:
        super().__init__(f"{path}: {key + ': ' if key else ''}{detail}")
