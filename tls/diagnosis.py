"""Why a client's connection failed, in a sentence with the remedy."""

import asyncio
import ssl
from contextlib import suppress

from tls.advice import tls_advice
from tls.context import TlsFileError, TlsFiles, client_tls

LISTEN_S = 2.0
TLS_PORT = 8883
REFUSED = ("Not authorized", "not authorised", "user name")


async def diagnosis(error: BaseException, host: str, port: int, files: TlsFiles, table: str) -> str:
    """What is wrong with a connection to a server, and what to do; `table` is where its settings stand.

    With TLS 1.3 a server refuses a client's certificate after the client believes to be connected, and MQTT clients
    do not tell what they hear then. So this connects once more and listens.
    """
    cause = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, TlsFileError):
        return str(cause)
    if any(word in str(cause) for word in REFUSED):
        return f"does not let this login in ({cause}): correct username and password_file in {table}"
    advice = tls_advice(cause) or await _refusal(host, port, files)
    if advice is not None:
        return f"no encrypted connection; {advice}"
    return f"is not there ({cause}): start it or correct {table}{_hint(cause, port, files)}"


def _hint(cause: BaseException, port: int, files: TlsFiles) -> str:
    if files.ca_file is None and not files.system:
        return f" (port {TLS_PORT} speaks TLS: give ca_file)" if port == TLS_PORT else ""
    was_reset = isinstance(cause.__context__, ConnectionResetError)
    return " (this port does not seem to speak TLS: use the TLS port, or leave out ca_file)" if was_reset else ""


async def _refusal(host: str, port: int, files: TlsFiles) -> str | None:
    """The advice for what a server says to a client that just connected; None when it says nothing."""
    with suppress(OSError, TimeoutError):
        context = client_tls(files)
        if context is None:
            return None
        try:
            async with asyncio.timeout(LISTEN_S):
                reader, writer = await asyncio.open_connection(host, port, ssl=context)
                try:
                    await reader.read(1)
                finally:
                    writer.close()
        except ssl.SSLError as error:
            return tls_advice(error)
    return None
