"""What the page's program counts for a download: the month as it is now, whoever looked at the page before."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
from golden_messages import GOLDEN
from house_samples import HOME

from hems.app.page import HousePage
from hems.app.spending import SpentBook
from hems.control.home_loop import HomeLoop
from hems.control.house_view.spent import SpentSlot
from hems.control.household.household import Household
from hems.io.edge_store import EdgeStore
from hems.metering.image import SiteImage
from hems.site.config import parse_config
from hems.site.tariff import Prices
from wire.messages import Settlement
from wire.slots import format_utc

BERLIN = ZoneInfo("Europe/Berlin")
NOW_S = int(datetime(2027, 3, 1, 0, 40, tzinfo=BERLIN).timestamp())
FEBRUARY_S, MARCH_S = NOW_S - 7200, NOW_S - 2400
CONFIG = f"""
[home]
meter = "h1"
timezone = "Europe/Berlin"
state_dir = "state"
[meter]
[tariff]
import_price_per_kwh = 0.3
[page]
[market]
community = "elm"
broker_key = "{"ab" * 32}"
"""


class _Constant:
    def prices(self, _start_s: int, _slot_s: int, slots: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full(slots, 0.3), np.full(slots, 0.1)


def _page(folder: Path, store: EdgeStore) -> HousePage:
    """The page of a home whose energy manager has only its clock and its book."""
    book = SpentBook(store, HOME.slot_minutes, lambda _: (0.3, 0.1))
    book.measured(SiteImage(at_s=NOW_S, grid_w=0.0, devices={}), None)
    return HousePage(
        parse_config(CONFIG, "home.toml"),
        folder,
        loop=cast("HomeLoop", SimpleNamespace(manager=SimpleNamespace(home=HOME))),
        household=cast("Household", None),
        spent=book,
        prices=cast("Prices", _Constant()),
        is_linked=lambda: True,
        now_s=lambda: NOW_S,
    )


def test_a_download_has_the_slots_of_this_month_and_what_was_settled_since_the_last_look(tmp_path: Path) -> None:
    store, meter = EdgeStore(tmp_path / "ems.db"), EdgeStore(tmp_path / "meter.db")
    for start_s in (FEBRUARY_S, MARCH_S):
        store.add_spent(SpentSlot(start_s=start_s, import_kwh=1.0, export_kwh=0.0, cost=0.3))
    page = _page(tmp_path, store)
    before = dict(page.month_slots())
    assert FEBRUARY_S not in before and before[MARCH_S].settled == 0
    golden = next(message for message in GOLDEN if isinstance(message, Settlement))
    message = golden.model_copy(update={"slot": format_utc(MARCH_S), "corrects": None})
    meter.add("market", [(message.slot, "settlement", message.model_dump_json())])
    assert dict(page.month_slots())[MARCH_S].settled == 1
    store.close()
    meter.close()
