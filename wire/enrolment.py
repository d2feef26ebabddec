"""What a home needs to join a community, as one address: small enough for a QR code, and without a secret in it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from wire.slots import ALLOWED_MINUTES

SCHEME = "hearthgrid"
_NEEDED = ("community", "broker_key", "meter", "host", "port")


class NotAnEnrolment(ValueError):
    """The text is no address of an enrolment: the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The community, the key that its broker signs with, where its MQTT server is, and the name of the meter there.

    `slot_minutes` is the length of its slots, None in an address of a release that did not tell.
    `ca_digest` is the SHA-256 of the operator's CA certificate, by which a copy of it can be recognised; "" without
    TLS.
    """

    community: str
    broker_key: str
    meter: str
    host: str
    port: int
    slot_minutes: int | None = None
    ca_digest: str = ""


def address_of(enrolment: Enrolment) -> str:
    """The enrolment as `hearthgrid://join?...`."""
    fields = {name: str(getattr(enrolment, name)) for name in _NEEDED}
    if enrolment.slot_minutes is not None:
        fields["slot_minutes"] = str(enrolment.slot_minutes)
    if enrolment.ca_digest:
        fields["ca_digest"] = enrolment.ca_digest
    return f"{SCHEME}://join?{urlencode(fields, quote_via=quote)}"


def enrolment_of(address: str) -> Enrolment:
    """The enrolment of an address.

    Raises: NotAnEnrolment naming what is wrong.
    """
    parts = urlsplit(address.strip())
    if parts.scheme != SCHEME or parts.netloc != "join":
        raise NotAnEnrolment(f"it does not begin with {SCHEME}://join?: copy the whole address from the operator")
    given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    missing = [name for name in _NEEDED if not given.get(name)]
    if missing:
        raise NotAnEnrolment(f"it lacks {', '.join(missing)}: copy the whole address from the operator")
    key, port = given["broker_key"], given["port"]
    if len(key) != 64 or any(digit not in "0123456789abcdef" for digit in key):
        raise NotAnEnrolment("broker_key is not 64 hexadecimal digits: copy the whole address from the operator")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise NotAnEnrolment(f"port {port[:10]!r} is no port: copy the whole address from the operator")
    minutes = given.get("slot_minutes")
    if minutes is not None and minutes not in map(str, ALLOWED_MINUTES):
        raise NotAnEnrolment(f"slot_minutes {minutes[:10]!r} is no length of a slot: copy the whole address again")
    return Enrolment(
        community=given["community"],
        broker_key=key,
        meter=given["meter"],
        host=given["host"],
        port=int(port),
        slot_minutes=None if minutes is None else int(minutes),
        ca_digest=given.get("ca_digest", ""),
    )
