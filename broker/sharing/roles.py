"""Who gives and who receives in a community, as the text that its journal keeps."""

import json
from collections.abc import Mapping
from functools import lru_cache

from broker.clearing.outcome import Role


@lru_cache(maxsize=8)
def roles_of(text: str) -> Mapping[str, Role]:
    """The roles of members by meter, {} for an empty text: then everybody gives and receives."""
    rows: dict[str, tuple[bool, int | None]] = json.loads(text) if text else {}
    return {meter: Role(is_donor=is_donor, rank=rank) for meter, (is_donor, rank) in rows.items()}


def roles_text(roles: Mapping[str, Role]) -> str:
    """The canonical text of the members' roles, "" for none."""
    return json.dumps(roles, sort_keys=True, separators=(",", ":")) if roles else ""
