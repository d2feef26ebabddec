"""Ed25519 signatures over a domain tag, the community id and the exact payload bytes.

Frame on the wire: ``v1.<86 characters base64url signature without padding>.<payload>``. The signature is checked
before the payload is parsed. Source: RFC 8032 (Ed25519), RFC 4648 section 5 (base64url).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

FRAME_VERSION = b"v1"
SIGNATURE_CHARS = 86
MAX_FRAME_BYTES = 16 * 1024
_DOMAIN = b"hearthgrid"
_HEADER_BYTES = len(FRAME_VERSION) + 1 + SIGNATURE_CHARS + 1
_SIGNATURE_BYTES = 64


class FrameError(ValueError):
    """The bytes are not a signed frame; the sender has to build the frame as documented."""


def signing_input(kind: str, community: str, payload: bytes) -> bytes:
    """The bytes that are signed: ``hearthgrid/<kind>/v1 NUL <community> NUL <payload>``.

    Kind and community keep a signature from being valid as another message or in another community.
    """
    return b"%s/%s/v1\x00%s\x00%s" % (_DOMAIN, kind.encode(), community.encode(), payload)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair: `public` 32 bytes, `secret` 64 bytes (seed and public key, as libsodium keeps it)."""

    public: bytes
    secret: bytes

    @property
    def public_hex(self) -> str:
        """The public key as 64 hexadecimal digits, which is how members are enrolled."""
        return self.public.hex()


def key_from_seed(seed: bytes) -> SigningKey:
    """The key pair of a 32-byte seed.

    Raises: ValueError when the seed has another length.
    """
    if len(seed) != 32:
        raise ValueError(f"an Ed25519 seed has 32 bytes, this one has {len(seed)}")
    public, secret = crypto_sign_seed_keypair(seed)
    return SigningKey(public=public, secret=secret)


def seal(key: SigningKey, kind: str, community: str, payload: bytes) -> bytes:
    """The signed frame of a payload."""
    signature = signature_of(key, kind, community, payload)
    return b"%s.%s.%s" % (FRAME_VERSION, base64.urlsafe_b64encode(signature).rstrip(b"="), payload)


def signature_of(key: SigningKey, kind: str, community: str, payload: bytes) -> bytes:
    """The bare signature of a payload [64 bytes]."""
    return crypto_sign(signing_input(kind, community, payload), key.secret)[:_SIGNATURE_BYTES]


def client_id(key: SigningKey, community: str, name: str) -> str:
    """The MQTT client id of a key's holder: the same at every start, and known to nobody else.

    A second client with the same id ends the session of the first: an id that others could guess would let any member
    silence another.
    """
    proof = signature_of(key, "client_id", community, name.encode())
    return f"hearthgrid-{community}-{name}-{hashlib.sha256(proof).hexdigest()[:16]}"


def split(frame: bytes) -> tuple[bytes, bytes]:
    """(signature, payload) of a frame, nothing verified yet.

    Raises: FrameError when the bytes do not have the frame's form.
    """
    if len(frame) <= _HEADER_BYTES or frame[:3] != b"v1." or frame[_HEADER_BYTES - 1 : _HEADER_BYTES] != b".":
        raise FrameError("not a v1 frame")
    text = frame[3 : 3 + SIGNATURE_CHARS]
    try:
        signature = base64.b64decode(text + b"==", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise FrameError(f"the signature is not base64url: {error}") from None
    if len(signature) != _SIGNATURE_BYTES or base64.urlsafe_b64encode(signature).rstrip(b"=") != text:
        raise FrameError("the signature is not 64 bytes in canonical base64url")
    return signature, frame[_HEADER_BYTES:]


def is_signed_by(public: bytes, kind: str, community: str, signature: bytes, payload: bytes) -> bool:
    """True when the signature belongs to this key, kind, community and payload."""
    try:
        crypto_sign_open(signature + signing_input(kind, community, payload), public)
    except (BadSignatureError, ValueError):
        return False
    return True


def open_frame(frame: bytes, public: bytes, kind: str, community: str) -> bytes:
    """The payload of a frame whose signature holds.

    Raises: FrameError when the frame is malformed or the signature does not hold.
    """
    signature, payload = split(frame)
    if not is_signed_by(public, kind, community, signature, payload):
        raise FrameError(f"the signature of this {kind} does not hold")
    return payload
