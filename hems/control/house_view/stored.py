"""What of the community's storage is this home's, for the page."""

from dataclasses import dataclass

from hems.control.storage_view import StorageView
from wire.quantities import kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """The own account and share [kWh]."""

    level_kwh: float
    share_kwh: float


def stored_view(view: StorageView, now_s: int) -> StoredView | None:
    """The own part of the storage at a moment; None for a home that has none."""
    if view.rules is None:
        return None
    share_wh, level_wh = view.share_wh(now_s), view.level_wh
    return StoredView(level_kwh=kwh(level_wh), share_kwh=kwh(share_wh)) if share_wh or level_wh else None
