"""Encrypted connections of clients, the same for every program: settings from files, advice when one fails."""

from tls.advice import tls_advice
from tls.context import TlsFileError, TlsFiles, client_tls
from tls.diagnosis import diagnosis

__all__ = ["TlsFileError", "TlsFiles", "client_tls", "diagnosis", "tls_advice"]
