"""How the clocks of members stand to the broker's, by what they have sent of late.

An order counts by the broker's time, whatever its `sent_at` says: one that is resent with the same bytes after an
outage is as old as the outage. So a message from the future tells a clock that is ahead, an old one a clock that may
be behind; the newest message of each member counts, and only what it has signed.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from broker.commands.doctor_checks.community_place import CommunityPlace
from broker.commands.member_list import members_of
from broker.control.ports import StorageFailed
from broker.market.admission.intake import CLOCK_TOLERANCE_S
from broker.market.events import Received, UnknownRecord, decode_event
from doctor.finding import Finding, fail, ok, skipped, warn
from doctor.machine.files import read_only
from wire.codec import DecodeError, decode
from wire.messages import Hello, Order, SealedOrder
from wire.signing import FrameError, open_frame
from wire.slots import parse_utc

NEWEST = 5_000  # records of the journal that are looked at
DATED: dict[str, type[Hello | Order | SealedOrder]] = {m.kind: m for m in (Hello, Order, SealedOrder)}


def member_clocks(place: CommunityPlace) -> Finding:
    """Whether the newest messages of members were sent at about the time at which they came."""
    path = place.state.journal
    if place.config is None:
        return skipped("no configuration that could be read")
    if not path.is_file():
        return skipped("no journal yet", str(path))
    try:
        keys = {name: bytes.fromhex(listed.enrolled.public_key) for name, listed in members_of(place.state).items()}
        with read_only(path) as connection:
            rows = connection.execute(f"SELECT body FROM record ORDER BY position DESC LIMIT {NEWEST}").fetchall()
        off_s = clocks_off_s((row[0] for row in rows), keys, place.config.community)
    except (sqlite3.Error, StorageFailed) as error:
        return fail(f"cannot be read: {error}", where=str(path), remedy="see the check of this database")
    except UnknownRecord as error:
        return fail(str(error), remedy="install the release that wrote the journal, or a newer one")
    far = {meter: s for meter, s in sorted(off_s.items()) if abs(s) > CLOCK_TOLERANCE_S}
    if far:
        words = [
            f"{meter} about {round(abs(s) / 60)} min {'ahead' if s > 0 else 'behind'}" for meter, s in far.items()
        ]
        what = f"by their last messages: {', '.join(words[:10])}{' ..' if len(words) > 10 else ''}"
        remedy = "ask these members to set the clock of their meter's computer; one behind may have been offline"
        return warn(what, remedy=remedy)
    return ok(f"{len(off_s)} members agree to {CLOCK_TOLERANCE_S} s" if off_s else "nothing dated came of late")


def clocks_off_s(newest_first: Iterable[bytes], keys: Mapping[str, bytes], community: str) -> dict[str, int]:
    """By member how far the date of its newest dated message is from when it came [s, + ahead]; `keys` by member.

    Raises: UnknownRecord for a record of a newer release.
    """
    found: dict[str, int] = {}
    for record in newest_first:
        event = decode_event(record)
        if not isinstance(event, Received) or event.kind not in DATED or event.meter in found:
            continue
        key, frame = keys.get(event.meter), event.frame.encode("latin-1")
        if key is None:
            continue
        try:
            message = decode(DATED[event.kind], open_frame(frame, key, event.kind, community))
        except (FrameError, DecodeError):
            continue  # it was refused: anybody can send bytes in the name of a member
        found[event.meter] = parse_utc(message.sent_at) - event.at_s
    return found
