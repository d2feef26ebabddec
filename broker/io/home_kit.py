"""What a new home is handed: its configuration, the address of its enrolment as a QR code, and, if asked, its key."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

import segno

from broker.control.ports import StorageFailed
from broker.io.authority import Authority
from broker.io.config import BrokerConfig
from broker.io.private_file import write_private
from broker.io.state_dir import StateDir
from broker.io.tariff_config import ConstantSettings
from wire.enrolment import Enrolment, address_of
from wire.signing import SigningKey, key_from_seed

KEY_FILE, HOME_FILE, QR_FILE = "state/meter.key", "home.toml", "enrolment.svg"
CA_FILE, CERT_FILE, CERT_KEY_FILE = "ca.pem", "client.pem", "client.key"
SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the home sees the MQTT server: not always by the name that the broker uses."""

    host: str
    port: int


def new_key(directory: Path) -> SigningKey:
    """The key pair of a new meter, its seed in the home's state directory (mode 0600).

    Raises: StorageFailed when the directory holds a key already or cannot be written.
    """
    path = directory / KEY_FILE
    if path.exists():
        raise StorageFailed(f"{path} exists; give that key's public half with --public-key, or name a new --out")
    seed = secrets.token_bytes(SEED_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, seed.hex() + "\n")
    except OSError as error:
        raise StorageFailed(f"{path}: {error.strerror}; name a writable directory with --out") from None
    return key_from_seed(seed)


def enrolment(config: BrokerConfig, meter: str, seen: Seen) -> Enrolment:
    """What the home needs to join.

    Raises: StorageFailed when the broker has no key yet: it makes one at its first start.
    """
    ca_file = config.mqtt.ca_file
    return Enrolment(
        community=config.community,
        broker_key=StateDir(config.state_dir).read_key().public_hex,
        meter=meter,
        host=seen.host,
        port=seen.port,
        slot_minutes=config.market.slot_minutes,
        ca_digest="" if ca_file is None else hashlib.sha256(ca_file.read_bytes()).hexdigest(),
    )


def home_text(config: BrokerConfig, joined: Enrolment, *, has_certificate: bool = False) -> str:
    """A home's configuration that can be started: what the operator cannot know is said beside it."""
    tls = "".join(f'\n{key} = "{file}"' for key, file in _tls_files(joined, has_certificate=has_certificate).items())
    login = (
        f'\nusername = "{joined.meter}"\npassword_file = "mqtt.password"  # one line; the operator hands it over'
        if config.mqtt.username is not None
        else ""
    )
    retail, feed_in = _prices(config)
    return f"""# The home of {joined.meter} in {joined.community}. 'hems doctor --config home.toml' checks it.
[home]
meter = "{joined.meter}"
timezone = "{_zone(config)}"       # where the building is
slot_minutes = {config.market.slot_minutes}
state_dir = "state"

[meter]
host = "127.0.0.1"          # address of the meter (Modbus TCP)
port = 502
device_id = 1

[tariff]
import_price_per_kwh = {retail}   # as on the supplier's bill
export_price_per_kwh = {feed_in}

[market]
community = "{joined.community}"
broker_key = "{joined.broker_key}"
host = "{joined.host}"
port = {joined.port}{tls}{login}
"""


def write_kit(directory: Path, config: BrokerConfig, joined: Enrolment, *, has_certificate: bool = False) -> None:
    """Writes configuration and QR code.

    Raises: StorageFailed when they cannot be written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = home_text(config, joined, has_certificate=has_certificate)
        (directory / HOME_FILE).write_text(text, encoding="utf-8")
        qr(joined).save(str(directory / QR_FILE), scale=6, border=3, title=f"{joined.meter} in {joined.community}")
    except OSError as error:
        raise StorageFailed(f"{directory}: {error.strerror}; name a writable directory with --out") from None


def certificates(directory: Path, authority: Authority, meter: str, now_s: int) -> str:
    """Puts the meter's certificate, its key and the CA's certificate into the kit; the SHA-256 of the CA's.

    Raises: AuthorityError for an authority that cannot issue, StorageFailed when the kit cannot be written.
    """
    issued = authority.client(meter, now_s)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ca = authority.certificate.read_bytes()
        (directory / CA_FILE).write_bytes(ca)
        (directory / CERT_FILE).write_bytes(issued.certificate.read_bytes())
        write_private(directory / CERT_KEY_FILE, issued.key.read_text())
    except OSError as error:
        raise StorageFailed(f"{error.filename}: {error.strerror}; name a writable directory with --out") from None
    return hashlib.sha256(ca).hexdigest()


def _tls_files(joined: Enrolment, *, has_certificate: bool) -> dict[str, str]:
    """The keys of [market] about TLS: the files of the kit, or those that the operator still has to hand over."""
    if has_certificate:
        return {"ca_file": CA_FILE, "cert_file": CERT_FILE, "key_file": CERT_KEY_FILE}
    return {"ca_file": CA_FILE} if joined.ca_digest else {}


def qr(joined: Enrolment) -> segno.QRCode:
    """The QR code of an enrolment; nothing in it is secret."""
    return segno.make(address_of(joined), error="m", micro=False)


def _prices(config: BrokerConfig) -> tuple[str, str]:
    tariff = config.tariff
    if isinstance(tariff, ConstantSettings):
        return f"{float(tariff.import_price_per_kwh):g}", f"{float(tariff.export_price_per_kwh):g}"
    return "0.30", "0.08"


def _zone(config: BrokerConfig) -> str:
    return str(getattr(config.tariff, "time_zone", "UTC"))
