"""An archive of frames: what somebody heard from the market, or what the broker exported, one frame per line.

A line is `<topic> <frame>`, as `mosquitto_sub -t 'hearthgrid/v1/<community>/public/+' -F '%t %p'` writes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from wire.audit import Check, Violation
from wire.codec import DecodeError, decode
from wire.messages import (
    BY_KIND,
    BlockOrder,
    Calendar,
    Message,
    Order,
    PairReply,
    Reply,
    StorageBid,
    StorageRequest,
)
from wire.signing import FrameError, open_frame, split
from wire.topics import BY_KIND as RULES
from wire.topics import ROOT, parse_topic

M = TypeVar("M", bound=Message)
OWN: dict[str, type[Message]] = {
    model.kind: model for model in (Order, BlockOrder, Reply, PairReply, StorageBid, StorageRequest)
}


class NoArchive(ValueError):
    """The lines are no archive of one community's frames; the text says what is wrong and what to do."""


@dataclass(slots=True)
class Archive:
    """The verified messages of one community in the order of the file, and lines whose signature does not hold.

    Of what meters send only orders, block orders, replies and wishes to a storage are read, without a signature:
    whoever checks an own one gives it himself.
    """

    community: str
    broker_key: bytes
    messages: list[Message] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def of(self, model: type[M]) -> list[M]:
        """The messages of a kind."""
        return [message for message in self.messages if isinstance(message, model)]


def line_of(topic: str, frame: bytes) -> str:
    """A frame as a line of an archive."""
    return f"{topic} {frame.decode()}"


def read_archive(lines: Iterable[str], broker_key: bytes | None) -> Archive:
    """The archive of some lines; without a known `broker_key` that of the first calendar is taken.

    Raises: NoArchive that names the line.
    """
    rows = [_row(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise NoArchive("it holds no frame; record the community's public topics, or use community-broker export")
    community = rows[0][1]
    archive = Archive(community, broker_key or _stated_key(rows))
    for number, owner, kind, frame in rows:
        if owner != community:
            raise NoArchive(f"line {number}: is of {owner}, the file begins with {community}; keep one file for each")
        _read(archive, number, kind, frame)
    return archive


Row = tuple[int, str, str, bytes]


def _row(number: int, line: str) -> Row:
    topic, _, frame = line.rstrip("\r\n").partition(" ")
    community = topic.removeprefix(f"{ROOT}/").partition("/")[0]
    address = parse_topic(topic, community)
    if address is None or not frame:
        raise NoArchive(f"line {number}: is no '<topic> <frame>' of the protocol; record with -F '%t %p'")
    return number, community, address.kind, frame.encode()


def _stated_key(rows: list[Row]) -> bytes:
    for _, _, kind, frame in rows:
        if kind == Calendar.kind:
            try:
                return bytes.fromhex(decode(Calendar, split(frame)[1]).broker_key)
            except (FrameError, DecodeError):
                continue
    raise NoArchive("there is no calendar in it; give the broker's key with --broker-key")


def _read(archive: Archive, number: int, kind: str, frame: bytes) -> None:
    rule = RULES[kind]
    own = OWN.get(kind)
    if (rule.publisher != "broker" and own is None) or kind == "status":
        return
    try:
        if own is not None:
            archive.messages.append(decode(own, split(frame)[1]))
            return
        signed = rule.signed or frame.startswith(b"v1.")
        payload = open_frame(frame, archive.broker_key, kind, archive.community) if signed else frame
        archive.messages.append(decode(BY_KIND[kind], payload))
    except FrameError as error:
        archive.violations.append(Violation(Check.SIGNATURE, f"line {number}", f"{kind}: {error}"))
    except DecodeError as error:
        archive.violations.append(Violation(Check.SIGNATURE, f"line {number}", f"{kind} is malformed: {error}"))
