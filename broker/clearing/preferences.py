"""What members prefer: qualities of energy, named partners, and what they add for them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

QUALITIES = {"any": 0, "grey": 0, "local": 1, "green": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What a participant sells and wants.

    `quality` of what it sells and `min_quality` of what it buys: green is better than local, local better than grey.
    `partners`: the only sellers it buys from, None for all. `premiums` [micro/kWh]: what it adds to its bid for
    energy of at least a quality, or from a named seller.
    """

    quality: str = "grey"
    min_quality: str = "any"
    partners: frozenset[str] | None = None
    premiums: Mapping[str, int] = field(default_factory=dict)

    def renamed(self, name_of: Callable[[str], str]) -> "Preference":
        """The preference of a participant whose partners have other names; qualities keep theirs."""
        return replace(
            self,
            partners=None if self.partners is None else frozenset(map(name_of, self.partners)),
            premiums={key if key in QUALITIES else name_of(key): micro for key, micro in self.premiums.items()},
        )


ANYTHING = Preference()


@lru_cache(maxsize=8)
def preferences_of(text: str) -> Mapping[str, Preference]:
    """The preferences of members from the text in a community's terms, {} for an empty one."""
    rows: dict[str, dict[str, Any]] = json.loads(text) if text else {}
    return {
        meter: Preference(
            quality=row["quality"],
            min_quality=row["min_quality"],
            partners=None if row["partners"] is None else frozenset(row["partners"]),
            premiums=row["premiums"],
        )
        for meter, row in rows.items()
    }


def preferences_text(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The canonical text of the members' preferences, "" for none."""
    return json.dumps(rows, sort_keys=True, separators=(",", ":")) if rows else ""
