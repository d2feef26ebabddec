"""The files that the connection to the market needs: password and certificates."""

from pathlib import Path

from hems.site.config import ConfigError, MarketTable, resolved
from tls import TlsFileError, TlsFiles, client_tls

KEYS = ("password_file", "ca_file", "cert_file", "key_file")


def with_files(market: MarketTable, base: Path, where: str = "home") -> MarketTable:
    """The table with the paths of its files resolved; relative ones start at `base`.

    Raises: ConfigError that names every file that is not there, or what is wrong with a certificate.
    """
    files = {key: resolved(base, path) for key in KEYS if (path := getattr(market, key)) is not None}
    missing = [
        f"{where}: market.{key}: {path} is no file; give an existing one, the operator has it"
        for key, path in files.items()
        if not path.is_file()
    ]
    if missing:
        raise ConfigError("\n".join(missing))
    ca, cert, key = (files.get(name) for name in ("ca_file", "cert_file", "key_file"))
    try:
        client_tls(TlsFiles(ca_file=ca, cert_file=cert, key_file=key))
    except TlsFileError as error:
        raise ConfigError(f"{where}: market.{error.key}: {error}; the operator has these files") from None
    return market.model_copy(update=files)
