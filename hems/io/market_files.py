"""The files that the connection to the market needs: password and certificates."""

import ssl
from pathlib import Path

from hems.site.config import ConfigError, MarketTable, resolved

KEYS = ("password_file", "ca_file", "cert_file", "key_file")


def with_files(market: MarketTable, base: Path, where: str = "home") -> MarketTable:
    """The table with the paths of its files resolved; relative ones start at `base`.

    Raises: ConfigError that names every file that is not there.
    """
    files = {key: resolved(base, path) for key in KEYS if (path := getattr(market, key)) is not None}
    missing = [
        f"{where}: market.{key}: {path} is no file; give an existing one, the operator has it"
        for key, path in files.items()
        if not path.is_file()
    ]
    ca_file = files.get("ca_file")
    if ca_file is not None and not missing and not _holds_certificate(ca_file):
        missing.append(
            f"{where}: market.ca_file: {ca_file} holds no certificate (PEM); ask the operator for it again"
        )
    if missing:
        raise ConfigError("\n".join(missing))
    return market.model_copy(update=files)


def _holds_certificate(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError:
        return False
    return True
