"""Signs, opens and checks what the market protocol needs, with PyNaCl and nothing else; see README.md."""

import base64
import hashlib
import sys

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey


def signed_bytes(kind: str, community: str, payload: bytes) -> bytes:
    """What the signature covers."""
    return b"hearthgrid/%s/v1\0%s\0%s" % (kind.encode(), community.encode(), payload)


def sign(seed: str, kind: str, community: str, payload: bytes) -> bytes:
    """The frame of a payload."""
    key = SigningKey(bytes.fromhex(seed))
    signature = key.sign(signed_bytes(kind, community, payload)).signature
    return b"v1." + base64.urlsafe_b64encode(signature).rstrip(b"=") + b"." + payload


def opened(public: str, kind: str, community: str, frame: bytes) -> bytes | None:
    """The payload of a frame, None when the signature does not hold."""
    if frame[:3] != b"v1." or frame[89:90] != b".":
        return None
    signature, payload = base64.urlsafe_b64decode(frame[3:89] + b"=="), frame[90:]
    try:
        VerifyKey(bytes.fromhex(public)).verify(signed_bytes(kind, community, payload), signature)
    except BadSignatureError:
        return None
    return payload


def included(index: int, size: int, leaf_hash: bytes, root: bytes, proof: list[bytes]) -> bool:
    """Whether a proof shows a leaf under a root (RFC 9162, section 2.1.3.2)."""
    last, node = size - 1, leaf_hash
    if not 0 <= index < size:
        return False
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def main(words: list[str]) -> int:
    """The exit status."""
    if len(words) == 4 and words[0] == "sign":
        sys.stdout.buffer.write(sign(*words[1:], sys.stdin.buffer.read()))
        return 0
    if len(words) == 4 and words[0] == "open":
        payload = opened(*words[1:], sys.stdin.buffer.read())
        sys.stdout.buffer.write(payload or b"")
        return 0 if payload is not None else 1
    if len(words) >= 5 and words[0] == "included":
        leaf, root, *proof = [bytes.fromhex(word) for word in words[3:]]
        return 0 if included(int(words[1]), int(words[2]), leaf, root, proof) else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
