"""When a certificate ends."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509


def days_left(certificate: Path, now_s: float) -> int:
    """Whole days until a certificate (PEM) ends, from a moment [s since 1970] on; below 0 when it has ended.

    Raises: OSError or ValueError when the file cannot be read or holds none.
    """
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return (ends - datetime.fromtimestamp(now_s, UTC)).days
