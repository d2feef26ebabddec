"""Encrypted connections of clients, the same for every program: settings from files, advice when one fails."""

from tls.advice import tls_advice
from tls.context import TlsFileError, TlsFiles, client_tls
from tls.diagnosis import diagnosis
from tls.plain import is_read_on_the_way, is_this_machine

__all__ = [
    "TlsFileError",
    "TlsFiles",
    "client_tls",
    "diagnosis",
    "is_read_on_the_way",
    "is_this_machine",
    "tls_advice",
]
