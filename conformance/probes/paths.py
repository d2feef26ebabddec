"""What a path says of one slot."""

from wire.messages import Path
from wire.slots import parse_utc


def energy_at(path: Path, label: str, minutes: int) -> int | None:
    """Energy of the aggregate in the slot of a label [Wh, + import]; None where the path does not reach."""
    place = (parse_utc(label) - parse_utc(path.first_slot)) // (60 * minutes)
    return path.net_wh[place] if 0 <= place < len(path.net_wh) else None
