"""The meter's signing key: made on the first run, kept in a file that only its user can read."""

import os
from pathlib import Path

from wire.signing import SigningKey, key_from_seed

SEED_BYTES = 32


class KeyFileError(Exception):
    """The key file cannot be used: the message says what to do."""


def load_or_make_key(path: Path) -> SigningKey:
    """The key of a file with 64 hexadecimal digits; a missing file is made with a new key.

    Raises: KeyFileError when the file is no key or cannot be read.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(os.urandom(SEED_BYTES).hex() + "\n")
        seed = bytes.fromhex(path.read_text().strip())
        return key_from_seed(seed)
    except ValueError:
        raise KeyFileError(f"{path}: not a key of 64 hexadecimal digits; restore it or move it away") from None
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; check the state directory and its owner") from None
