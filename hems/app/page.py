"""The household's page of one energy manager: keeps what it shows between steps, serves it, and tells of changes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hems.app.spending import SpentBook
from hems.control.home_loop import HomeLoop
from hems.control.house_view.market_day import RoundView
from hems.control.house_view.money import Sum, by_day, settled_slots
from hems.control.house_view.notices import Contact, notices
from hems.control.house_view.now import now_view
from hems.control.house_view.plan_view import plan_view
from hems.control.house_view.snapshot import HouseSnapshot, Wishes
from hems.control.house_view.stored import stored_view
from hems.control.house_view.trace import Trace
from hems.control.household.household import Household
from hems.io.market_records import MarketRecords
from hems.io.page.content import Content
from hems.io.page.money_section import MoneyView
from hems.io.page.server import HouseServer
from hems.io.page.why_answers import WhyAnswers
from hems.metering.image import SiteImage
from hems.site.config import HomeConfig
from hems.site.tariff import Prices
from web.access import Access
from web.addresses import page_hosts
from web.guard import Reach
from web.listening import PortTaken, listening

LOG = logging.getLogger(__name__)
AGAIN_S = 10.0
LOOK_S = 1.5  # between two looks at the meters while somebody watches
LOG_SHOWN = 30


class HousePage:
    """The page of one home. `measured` or `silent` once per step, then `show`.

    `look` reads the meters between two steps, None with a driven clock; it is called while somebody watches.
    """

    def __init__(
        self,
        config: HomeConfig,
        state_dir: Path,
        *,
        loop: HomeLoop,
        household: Household,
        spent: SpentBook,
        prices: Prices,
        is_linked: Callable[[], bool],
        now_s: Callable[[], int],
        look: Callable[[], Awaitable[SiteImage | None]] | None = None,
        config_path: Path | None = None,
    ) -> None:
        assert config.page is not None
        self._page, self._config = config.page, config
        self._loop, self._household, self._prices = loop, household, prices
        self._is_linked, self._now_s, self._look = is_linked, now_s, look
        self._zone = ZoneInfo(config.home.timezone)
        self._access = Access(state_dir / "page", time.time)
        self._records = MarketRecords(state_dir / "meter.db") if config.market is not None else None
        self._trace, self._spent = Trace(config.home.slot_minutes), spent
        self._image: SiteImage | None = None
        self._silent_since_s: int | None = None
        self._heard_s: int | None = None
        self._content: Content | None = None
        self._settled: tuple[tuple[int, int, int], dict[int, Sum]] = ((-1, -1, -1), {})
        why = None if config_path is None else WhyAnswers(config_path)
        self._server = HouseServer(self, household, zone=self._zone, why=why)

    async def serve(self) -> None:
        """Serves until it is cancelled; an address that is taken is said once and tried again: the home goes on."""
        reach = Reach(port=self._page.port, lan=self._page.lan, names=self._page.names)
        told = False
        while True:
            try:
                app = self._server.application(reach, self._access)
                listener = await listening(app, self._page.listens_on, self._page.port)
                break
            except PortTaken as error:
                if not told:
                    LOG.error("page: %s; the home goes on without its page, it is tried again", error)
                told = True
                await asyncio.sleep(AGAIN_S)
        try:
            LOG.warning("page: %s", self._address())
            await self._watched()
        finally:
            await listener.close()
            if self._records is not None:
                self._records.close()

    async def _watched(self) -> None:
        """Looks at the meters while somebody watches: a kettle is seen at once."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._look is None or not self._server.events.channels or self._is_someone_silent():
                continue
            image = await self._look()
            if image is not None:
                self.measured(image)
                self.show()

    def _is_someone_silent(self) -> bool:
        """Whether a look would wait in vain for an answer, and keep the next step waiting."""
        if self._silent_since_s is not None or self._image is None:
            return True
        return any(unit.id not in self._image.devices for unit in self._loop.manager.home.units)

    def heard(self) -> None:
        """A message of the community came."""
        self._heard_s = self._now_s()

    def measured(self, image: SiteImage) -> None:
        """Takes what was measured."""
        self._image, self._silent_since_s = image, None
        self._trace.sample(image)

    def silent(self, now_s: int) -> None:
        """The meter did not answer in this step."""
        self._silent_since_s = self._silent_since_s or now_s

    def show(self) -> None:
        """Something may have changed: everybody who looks is told."""
        self._content = None
        self._server.publish()

    # The source of the server.

    def content(self) -> Content:
        """All that the page shows now, made once per step and change."""
        held = self._content
        if held is None or held.snapshot.wishes != self._wishes():
            held = self._content = self._made()
        return held

    def currency(self) -> str:
        """The currency of the community, else that of the tariff."""
        calendar = self._loop.view.calendar
        return self._page.currency if calendar is None else calendar.currency

    def month_slots(self) -> list[tuple[int, Sum]]:
        """What every slot of this month cost, oldest first."""
        self._read_market()
        slots = dict(self._settled_slots())
        for one in self._spent.slots(self._begin_s()[0]):
            if one.start_s not in slots:
                slots[one.start_s] = Sum(spent=one.cost, import_kwh=one.import_kwh, export_kwh=one.export_kwh)
        month_s = self._month_s()
        return sorted((start_s, one) for start_s, one in slots.items() if start_s >= month_s)

    def _read_market(self) -> None:
        """Takes what the meter's process has recorded since the last look."""
        if self._records is not None:
            month_s, day_s = self._begin_s()
            self._records.update(month_s=month_s, day_s=day_s)

    def _made(self) -> Content:
        now_s = self._now_s()
        records = self._records
        self._read_market()
        return Content(
            home=self._loop.manager.home,
            snapshot=self._snapshot(now_s),
            money=self._money(now_s),
            rounds=() if records is None else self._of_today(records.rounds(), now_s),
            unread="" if records is None else records.failure,
            log=self._household.log(LOG_SHOWN),
        )

    def _of_today(self, rounds: Sequence[RoundView], now_s: int) -> list[RoundView]:
        """The rounds of slots of this local day; a day-ahead auction has cleared tomorrow's, too."""
        day_of = self._loop.manager.home.local_day
        return [one for one in rounds if day_of(one.start_s) == day_of(now_s)]

    def _snapshot(self, now_s: int) -> HouseSnapshot:
        manager, wishes = self._loop.manager, self._wishes()
        now = None
        if self._image is not None:
            now = now_view(manager.home, self._image, self._loop.decision, wishes.overrides)
        contact = Contact(
            trades=self._config.market is not None,
            is_linked=self._is_linked(),
            heard_s=self._heard_s,
            findings=() if self._records is None else self._records.findings,
            clock_off_s=None if self._records is None else self._records.clock_off_s,
        )
        retail, feed_in = self._prices_at(now_s)
        found = notices(
            now_s,
            now,
            contact=contact,
            silent_since_s=self._silent_since_s,
            slot_s=manager.home.slot_s,
            mode=wishes.settings.mode,
            grid=manager.grid,
        )
        slot_s = manager.home.slot_s
        return HouseSnapshot(
            at_s=now_s,
            slot_minutes=manager.home.slot_minutes,
            now=now,
            plan=plan_view(
                now_s, manager, self._loop.view, self._trace.slots(), lambda s, n: self._prices.prices(s, slot_s, n)
            ),
            contact=contact,
            notices=found,
            wishes=wishes,
            price_now=retail,
            feed_in_now=feed_in,
            stored=stored_view(self._loop.view.storage, now_s),
        )

    def _wishes(self) -> Wishes:
        port = self._household
        return Wishes(settings=port.settings(), options=port.options(), overrides=port.overrides())

    def _money(self, now_s: int) -> MoneyView:
        home, spent = self._loop.manager.home, self._spent.slots(self._begin_s()[0])
        days = by_day(self._settled_slots(), spent, home.local_day)
        return MoneyView(today=home.local_day(now_s), days=days, trades=self._config.market is not None)

    def _settled_slots(self) -> dict[int, Sum]:
        """The settled slots, added up anew only when there are new ones."""
        records = self._records
        if records is None:
            return {}
        month_s, _ = self._begin_s()
        key = (records.number, len(records.parts), month_s)
        if self._settled[0] != key:
            width_s = self._loop.manager.home.slot_s
            count = max(1, (self._now_s() - month_s) // width_s + 1)
            retail, feed_in = self._prices.prices(month_s, width_s, count)

            def price_at(start_s: int) -> tuple[float, float]:
                k = min(max(0, (start_s - month_s) // width_s), count - 1)
                return float(retail[k]), float(feed_in[k])

            self._settled = (key, settled_slots(records.parts.values(), price_at))
        return self._settled[1]

    def _prices_at(self, at_s: int) -> tuple[float, float]:
        width_s = self._loop.manager.home.slot_s
        retail, feed_in = self._prices.prices(at_s - at_s % width_s, width_s, 1)
        return float(retail[0]), float(feed_in[0])

    def _begin_s(self) -> tuple[int, int]:
        """Where this local month (at least yesterday) and this local day begin [s since 1970]."""
        day_s = int(self._midnight().timestamp())
        yesterday_s = int(datetime.fromtimestamp(day_s - 3600, self._zone).replace(hour=0).timestamp())
        return min(self._month_s(), yesterday_s), day_s

    def _month_s(self) -> int:
        return int(self._midnight().replace(day=1).timestamp())

    def _midnight(self) -> datetime:
        now = datetime.fromtimestamp(self._now_s(), self._zone)
        return now.replace(hour=0, minute=0, second=0, microsecond=0)

    def _address(self) -> str:
        address = f"http://{page_hosts(self._page.names, lan=self._page.lan)[0]}:{self._page.port}/"
        return f"{address} (for the network; `hems page link` prints a link)" if self._page.lan else address
