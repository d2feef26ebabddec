"""Certificates and lists of revoked ones as signed objects: elliptic curve P-256, SHA-256.

Source: RFC 5280 (extensions of authorities and of those that they certify); X.520 (common name).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
LEAF_DAYS = 730
BACKDATED = timedelta(days=1)  # the clock of a machine without a battery may be behind when it connects first

Key = ec.EllipticCurvePrivateKey


class BadHost(ValueError):
    """A host that no certificate can name: the message says which."""


def new_key() -> Key:
    """A fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_text(key: Key) -> str:
    """The key as PEM, not encrypted: the file's mode protects it."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def authority_certificate(name: str, key: Key, at: datetime) -> x509.Certificate:
    """The self-signed certificate of an authority that certifies no further authorities."""
    subject, public = _name(name), key.public_key()
    return (
        _plain(subject, subject, public, at, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who certifies: the authority's certificate and key."""

    certificate: x509.Certificate
    key: Key


def leaf_certificate(name: str, key: Key, hosts: Sequence[str], signer: Signer, at: datetime) -> x509.Certificate:
    """A certificate for a server that is reached at `hosts`, or, without hosts, for a client known as `name`.

    Raises: BadHost.
    """
    public = key.public_key()
    issuer = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _plain(_name(name), signer.certificate.subject, public, at, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer.key, hashes.SHA256())


def revocation_list(signer: Signer, serials: Iterable[int], at: datetime) -> x509.CertificateRevocationList:
    """The signed list of revoked serial numbers; it holds as long as the authority, so that it locks nobody out."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(at - BACKDATED)
        .next_update(signer.certificate.not_valid_after_utc)
    )
    for serial in sorted(serials):
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(signer.key, hashes.SHA256())


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """The names and addresses that a server's certificate is good for, sorted."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(str(name.value) for name in names)


def moment(now_s: int) -> datetime:
    """Seconds since 1970 as certificates count them."""
    return datetime.fromtimestamp(now_s, UTC)


def _plain(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + timedelta(days=days))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except ValueError:
        raise BadHost(f"{text!r}: neither an address nor a host name in ASCII letters") from None


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
