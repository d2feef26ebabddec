"""Checkpoints of the log as signed text that witnesses of other logs can read too.

A checkpoint is a note: origin line (the community), number of leaves, base64 of the root, and optional extension
lines; then an empty line and one line per signature, "EM DASH space name space base64(key id || signature)". The key
id is SHA-256(name || LF || 0x01 || public key)[:4] for Ed25519. Source: C2SP signed-note v1.0.0 and tlog-checkpoint;
RFC 8032; RFC 4648 section 4.

A note never holds a NUL, a frame's signing input always does: one Ed25519 key could sign both without confusion.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from nacl.bindings import crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError

from wire.signing import SigningKey

ED25519 = b"\x01"
NOTE_CHARS_MAX = 16 * 1024
SIGNATURES_MAX = 100
_SIGNATURE_BYTES, _KEY_ID_BYTES, _HASH_BYTES = 64, 4, 32
_DASH = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x1f]")


class NoteError(ValueError):
    """The text is no checkpoint that the expected key has signed; ask where it came from."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: the log `origin` has `size` leaves under `root` [32 bytes]."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        if not all(lines) or any(map(_CONTROL.search, lines)):
            raise NoteError("a line of a checkpoint is never empty and holds no control character")
        return "".join(f"{line}\n" for line in lines)


def key_id(name: str, public: bytes) -> bytes:
    """The 4 bytes that name an Ed25519 key beside its name."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as other programs of this kind take it: name+id+base64(0x01 || key)."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def parse_verifier_key(text: str) -> tuple[str, bytes]:
    """(name, public key) of a verifier key.

    Raises: NoteError when it is none of an Ed25519 key, or its id does not fit.
    """
    name, _, rest = text.partition("+")
    stated, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if not _NAME.fullmatch(name) or len(raw) != 1 + _HASH_BYTES or raw[:1] != ED25519:
        raise NoteError("not an Ed25519 verifier key: name+id+base64")
    if stated != key_id(name, raw[1:]).hex():
        raise NoteError(f"the key id {stated[:16]!r} is not that of the key")
    return name, raw[1:]


def signed_note(text: str, name: str, key: SigningKey) -> str:
    """The note: the text, an empty line, and the signature of `key` under `name`."""
    signature = crypto_sign(text.encode(), key.secret)[:_SIGNATURE_BYTES]
    return f"{text}\n{_DASH}{name} {base64.b64encode(key_id(name, key.public) + signature).decode()}\n"


def opened_note(note: str, name: str, public: bytes) -> str:
    """The text of a note that the key (name, public) has signed; signatures of unknown keys are passed over.

    Raises: NoteError when the note is malformed, not signed by this key, or a signature of this key does not hold.
    """
    if len(note) > NOTE_CHARS_MAX or _CONTROL.search(note.replace("\n", "")):
        raise NoteError("the note is too long or holds control characters")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not text or not tail.endswith("\n"):
        raise NoteError("a note is a text, an empty line and signature lines")
    text += "\n"
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"more than {SIGNATURES_MAX} signatures")
    found = [signature for signer, signature in map(_signature, lines) if signer == name]
    own = [s[_KEY_ID_BYTES:] for s in found if s[:_KEY_ID_BYTES] == key_id(name, public)]
    if not own:
        raise NoteError(f"no signature by {name} with this key")
    if not all(_holds(signature, text.encode(), public) for signature in own):
        raise NoteError(f"the signature by {name} does not hold")
    return text


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise NoteError("a signature line is an em dash, a name and base64")
    raw = _base64(encoded)
    if len(raw) <= _KEY_ID_BYTES:
        raise NoteError("a signature is shorter than its key id")
    return name, raw


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteError("not canonical base64")
    return raw


def _holds(signature: bytes, text: bytes, public: bytes) -> bool:
    try:
        crypto_sign_open(signature + text, public)
    except (BadSignatureError, ValueError):
        return False
    return len(signature) == _SIGNATURE_BYTES


def parse_tree_head(text: str) -> TreeHead:
    """The tree head of a checkpoint's text.

    Raises: NoteError when the text is none.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
        raise NoteError("a checkpoint has an origin, a size, a root and no empty line")
    head = _base64(lines[2])
    if len(head) != _HASH_BYTES:
        raise NoteError(f"a root has {_HASH_BYTES} bytes")
    return TreeHead(lines[0], int(lines[1]), head, tuple(lines[3:-1]))


def tree_head(note: str, origin: str, public: bytes) -> TreeHead:
    """The tree head that the log `origin` has signed with this key.

    Raises: NoteError when the note is not that.
    """
    head = parse_tree_head(opened_note(note, origin, public))
    if head.origin != origin:
        raise NoteError(f"the checkpoint is of {head.origin[:64]}, not of {origin}")
    return head
