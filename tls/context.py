"""The TLS settings of a client, from the files that its configuration names."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class TlsFileError(OSError):
    """A file of a certificate or key cannot be used: the message names it and says what to do.

    `key` is the setting that names the file: ca_file, cert_file or key_file.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The authority that is trusted, and the client's own certificate and key.

    Without `ca_file` there is no TLS, unless `system` asks for it: then the authorities that the system knows count.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    system: bool = False


def client_tls(files: TlsFiles) -> ssl.SSLContext | None:
    """A context that trusts only `ca_file`, where there is one, and shows the client's certificate; None for no TLS.

    Raises: TlsFileError when a file is missing or is not what it should be.
    """
    ca, cert, key = files.ca_file, files.cert_file, files.key_file
    if ca is None and not files.system:
        return None
    for name, path in (("ca_file", ca), ("cert_file", cert), ("key_file", key)):
        if path is not None:
            _check(name, path)
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    except ssl.SSLError:
        raise TlsFileError(
            "ca_file", f"{ca} holds no certificate (PEM); give ca_file that of the server's authority"
        ) from None
    try:
        if cert is not None:
            context.load_cert_chain(cert, key)
    except ssl.SSLError:
        raise TlsFileError(
            "cert_file", f"{cert} and {key or cert}: no PEM certificate with its key; take both from one folder"
        ) from None
    return context


def _check(name: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise TlsFileError(name, f"{path}: {error.strerror}; correct the path, or its owner and mode") from None
