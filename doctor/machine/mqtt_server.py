"""The MQTT server as this program meets it: name, port, certificate, login, rights."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.mqtt_session import MqttPlace, MqttSession, NotConnected
from tls.expiry import days_left

TIMEOUT_S = 4.0
EXPIRES_SOON_DAYS = 21
RENEW_OWN = "the operator makes it anew with 'community-broker certificate client'; put it and its key here"
START_IT = "start the MQTT server, or correct host and port"
NOT_AUTHORIZED = 0x87


def address(place: MqttPlace) -> Finding:
    """Whether the name resolves and the port answers."""
    try:
        socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return fail(
            f"the name does not resolve: {error}", where=place.where, remedy="correct host, or look at the DNS"
        )
    try:
        socket.create_connection((place.host, place.port), TIMEOUT_S).close()
    except OSError as error:
        return fail(f"no connection: {error}", where=place.where, remedy=f"{START_IT}; look at firewalls on the way")
    return ok("answers", place.where)


def certificate(place: MqttPlace, now_s: float) -> Finding:
    """Whether the server proves who it is, with a certificate that lasts."""
    if place.ca_file is None:
        if place.is_loopback:
            return skipped("no ca_file: a plain connection, on this machine only", place.where)
        what = "not encrypted: who listens on the way reads prices and loads, and can log in as this program"
        return warn(what, where=place.where, remedy="set ca_file to the certificate of the operator's CA")
    try:
        context = place.tls()
    except OSError as error:
        files = [f for f in (place.ca_file, place.cert_file, place.key_file) if f is not None]
        return fail(f"{_names(files)}: {_said(error)}", remedy="ask the operator for the CA's certificate (PEM)")
    assert context is not None
    try:
        with (
            socket.create_connection((place.host, place.port), TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=place.host) as secured,
        ):
            shown: Any = secured.getpeercert()
            version = secured.version()
    except ssl.SSLCertVerificationError as error:
        what = f"its certificate does not hold: {error.verify_message}"
        return fail(what, where=place.where, remedy=_certificate_remedy(error.verify_message))
    except OSError as error:
        return fail(f"no TLS: {_said(error)}", where=place.where, remedy="use the port with TLS (often 8883)")
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) - datetime.fromtimestamp(
        now_s, UTC
    )
    if left.days < EXPIRES_SOON_DAYS:
        said = f"{version}, the server's certificate lasts {left.days} days"
        return warn(said, where=place.where, remedy="the operator has to renew it now")
    return _own(place, now_s, f"{version}, the server's certificate lasts {left.days} days")


def _own(place: MqttPlace, now_s: float, said: str) -> Finding:
    """The finding about a good server, or that this program's own certificate ends."""
    if place.cert_file is None:
        return ok(said, place.where)
    left = days_left(place.cert_file, now_s)
    if left < 0:
        return fail(f"{place.cert_file} has ended", remedy=RENEW_OWN)
    said += f", {place.cert_file.name} {left} days"
    return ok(said, place.where) if left >= EXPIRES_SOON_DAYS else warn(said, where=place.where, remedy=RENEW_OWN)


def login(place: MqttPlace) -> Finding:
    """Whether the server takes this program's name and password."""
    try:
        with MqttSession(place) as session:
            return _let_in(place, session)
    except NotConnected as error:
        remedy = "correct username and password_file, or ask the operator for them"
        if place.ca_file is not None and place.username is None:
            remedy = (
                "give cert_file and key_file as the operator issued them, or ask whether the certificate was revoked"
            )
        return fail(f"not let in: {error}", where=place.where, remedy=remedy)
    except OSError as error:
        if error.filename is not None and not isinstance(error, ssl.SSLError):
            return fail(f"{error.filename}: {error.strerror}", remedy="name an existing file in the configuration")
        return skipped(f"no connection ({_said(error)}): see MQTT server and certificate", place.where)


def _let_in(place: MqttPlace, session: MqttSession) -> Finding:
    if place.username is None and place.cert_file is None and not place.is_loopback:
        what = "the server lets everybody in"
        return warn(what, where=place.where, remedy="give every member a login of its own and close the server")
    who = "by its certificate" if place.cert_file is not None else "without a name"
    who = who if place.username is None else f"as {place.username}"
    return ok(f"let in {who}, {'MQTT 5' if session.tells_refusals else 'MQTT 3.1.1'}", place.where)


def rights(place: MqttPlace, own: tuple[str, bytes], foreign: str) -> Finding:
    """Whether this login may publish its `own` message (topic, payload), and nothing to a `foreign` topic."""

    def look(session: MqttSession) -> Finding:
        if not session.tells_refusals:
            return skipped("the server speaks MQTT 3.1.1 only, which does not tell refusals", place.where)
        if _is_refused(session, *own):
            return fail(
                f"may not publish to {own[0]}", where=place.where, remedy="correct the server's ACL for this login"
            )
        if _is_refused(session, foreign, b"doctor"):
            return ok("own topics only", place.where)
        if place.is_loopback and place.username is None:
            return ok("an open server, on this machine only", place.where)
        what = f"may publish to topics of others, such as {foreign}"
        return warn(what, where=place.where, remedy="give the server an ACL by login (docs/protocol, topics)")

    return visited(place, look)


def visited(place: MqttPlace, look: Callable[[MqttSession], Finding]) -> Finding:
    """What `look` finds on a connection; why there is none is the finding of `address`, `certificate` and `login`."""
    try:
        with MqttSession(place) as session:
            return look(session)
    except (NotConnected, OSError):
        return skipped("no connection: see MQTT server, certificate and MQTT login", place.where)


def _is_refused(session: MqttSession, topic: str, payload: bytes) -> bool:
    code = session.publish(topic, payload)
    return code is not None and code.value == NOT_AUTHORIZED


def _certificate_remedy(message: str) -> str:
    if "expired" in message:
        return "the operator has to renew it; if it should still hold, set this machine's clock right"
    if "not yet valid" in message:
        return "set this machine's clock right"
    if "match" in message or "mismatch" in message:
        return "use the host name that the certificate names"
    return "set ca_file to the certificate of the CA that signed it"


def _said(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__


def _names(files: list[Path]) -> str:
    return ", ".join(str(file) for file in files)
