"""Draws that anyone can repeat: a number per participant from the slot's public seed."""

from hashlib import sha256


def draw(seed: bytes, participant: str) -> bytes:
    """The lot of a participant [32 bytes]; compare lots for a random order, take a bit of one for a random half.

    Source: SHA-256 (FIPS 180-4) as a random function of seed and name; no state, so no dependence on order.
    """
    return sha256(seed + b"/" + participant.encode("utf-8", "surrogatepass")).digest()
