"""What a user of the twin has to mend."""

from pathlib import Path


class InputError(Exception):
    """Bad input: names the file or option, the key and what to do; commands end with status 2."""

    def __init__(self, where: Path | str, key: str, detail: str) -> None:
        super().__init__(f"{where}: {key + ': ' if key else ''}{detail}")
