"""Frames for many meters in one MQTT message: what the broker sends a gateway, which hands each to its meter.

A bundle is not signed: the frames in it are the ones that the meters would have got one by one, signed or proved as
always, so a gateway that changes one is found out by the meter.

Format, version 1, numbers little-endian: ``HGF1`` | number of frames (4 bytes) | per frame: length of the kind (1),
kind, length of the meter (1), meter, length of the frame (4), frame.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

MAGIC = b"HGF1"
_COUNT = struct.Struct("<I")


class Letter(NamedTuple):
    """A frame of a kind for a meter; without the gateway it would go to the meter's own topic."""

    kind: str
    meter: str
    frame: bytes


class BundleError(ValueError):
    """The bytes are not a bundle: whoever sent them is not the broker."""


def encode_bundle(letters: Iterable[Letter]) -> bytes:
    """The bytes of a bundle."""
    pieces = [
        b"%c%s%c%s%s%s" % (len(kind), kind.encode(), len(meter), meter.encode(), _COUNT.pack(len(frame)), frame)
        for kind, meter, frame in letters
    ]
    return MAGIC + _COUNT.pack(len(pieces)) + b"".join(pieces)


def decode_bundle(data: bytes) -> list[Letter]:
    """The letters of a bundle, in the order of sending.

    Raises: BundleError when the bytes do not have the form of a bundle.
    """
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise BundleError("not a bundle: it does not start with HGF1")
    letters = [Letter(reader.name(), reader.name(), reader.take(reader.count())) for _ in range(reader.count())]
    if reader.left:
        raise BundleError(f"{reader.left} bytes too many")
    return letters


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise BundleError(f"{size} bytes are missing at {self._at}")
        self._at += size
        return self._data[self._at - size : self._at]

    def count(self) -> int:
        value: int = _COUNT.unpack(self.take(_COUNT.size))[0]
        return value

    def name(self) -> str:
        try:
            return self.take(self.take(1)[0]).decode("ascii")
        except UnicodeDecodeError:
            raise BundleError(f"no name before {self._at}") from None
