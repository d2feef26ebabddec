"""The household's page as a server: the document, its events, the interface in JSON, and the requests that change."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import web as http

from hems.control.house_view.money import Sum
from hems.io.page.content import Content, mark, page_text, sections, spoken
from hems.io.page.market_section import round_html
from hems.io.page.money_section import csv_text
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from hems.io.page.why_answers import NoAnswer, WhyAnswers
from hems.io.page.wishes import BadBody, Wisher, body_of, change_settings, said, start_override
from web.access import Access
from web.answers import HTML, Body, answer, json_body, problem
from web.assets import own_assets
from web.events import Events, frame
from web.guard import Guard, Reach
from web.language import channel_of, numerals_for
from web.server import Handler, application

CSV = "text/csv; charset=utf-8"


class Source(Protocol):
    """Where the page has its content from."""

    def content(self) -> Content:
        """All that the page shows now."""

    def currency(self) -> str:
        """The currency of prices and money."""

    def month_slots(self) -> list[tuple[int, Sum]]:
        """What every slot of this month cost, oldest first."""


class HouseServer:
    """The handlers of one home's page. `publish` sends what has changed to all open pages."""

    def __init__(
        self, source: Source, household: Wisher | None, *, zone: ZoneInfo, why: WhyAnswers | None = None
    ) -> None:
        self.events = Events()
        self._source, self._household, self._zone, self._why = source, household, zone, why
        self._assets = own_assets()
        self._sent: dict[str, dict[str, str]] = {}
        self._spoken = ""

    def application(self, reach: Reach, access: Access) -> http.Application:
        """The application of the page behind its guard."""
        routes: dict[tuple[str, str], Handler] = {
            ("GET", "/"): self._page,
            ("GET", "/events"): self._events,
            ("GET", "/part/round"): self._round,
            ("GET", "/money.csv"): self._csv,
            ("GET", "/api/why"): self._exactly,
            ("POST", "/api/settings"): self._wish(self._settings),
            ("POST", "/api/override"): self._wish(self._override),
            ("POST", "/api/cancel"): self._wish(self._cancel),
        }
        for name in ("now", "plan", "market", "money", "settings"):
            routes["GET", f"/api/{name}"] = self._json
        guard = Guard(reach=reach, access=access)
        name = say("title", home=self._source.content().home.meter)
        return application(guard, self.events, routes, name=name)

    def publish(self) -> None:
        """Sends the sections that have changed to everybody who looks; nothing is drawn while nobody does."""
        channels = self.events.channels
        if not channels:
            self._sent.clear()
            return
        content = self._source.content()
        for channel in channels:
            parts = sections(content, self._shown(channel))
            before = self._sent.get(channel, {})
            changed = {name: html for name, html in parts.items() if before.get(name) != html}
            self._sent[channel] = parts
            if changed:
                self.events.publish(channel, frame("sections", changed))
        words = spoken(content.snapshot)
        if words != self._spoken:
            self._spoken = words
            for channel in channels:
                self.events.publish(channel, frame("said", words))

    def _shown(self, channel: str) -> Shown:
        from web.charts.numerals import Numerals

        numerals = Numerals(decimal_mark=channel[0], group_mark=channel[1:])
        return Shown(zone=self._zone, currency=self._source.currency(), numerals=numerals)

    def _reader(self, request: http.Request) -> Shown:
        return self._shown(_channel(request))

    async def _page(self, request: http.Request) -> http.StreamResponse:
        content = self._source.content()
        text = page_text(content.home, sections(content, self._reader(request)), self._assets)
        return answer(request, Body(text.encode(), HTML))

    async def _events(self, request: http.Request) -> http.StreamResponse:
        content, channel = self._source.content(), _channel(request)
        parts = sections(content, self._shown(channel))
        if not self.events.channels[channel]:
            self._sent[channel] = parts
        known = request.query.get("seen") == mark(parts)
        return await self.events.stream(request, channel, frame("sections", {} if known else parts))

    async def _json(self, request: http.Request) -> http.StreamResponse:
        content, name = self._source.content(), request.path.rsplit("/", 1)[1]
        snapshot = content.snapshot
        found: dict[str, Any] = {
            "now": {"at_s": snapshot.at_s, "now": snapshot.now, "notices": snapshot.notices},
            "plan": snapshot.plan,
            "market": {"contact": snapshot.contact, "rounds": content.rounds, "unread": content.unread},
            "money": {"days": content.money.days, "today": content.money.today},
            "settings": {
                "settings": {f"{n}@{d}" if d else n: v for (n, d), v in snapshot.wishes.settings.values.items()},
                "options": snapshot.wishes.options,
                "overrides": snapshot.wishes.overrides,
            },
        }
        return answer(request, json_body(_plain(found[name])))

    async def _round(self, request: http.Request) -> http.StreamResponse:
        asked = (request.query.get("slot", ""), request.query.get("stage", ""))
        for one in self._source.content().rounds:
            if (str(one.start_s), one.stage) == asked:
                html = round_html(one, self._reader(request), f"round-{one.start_s}")
                return answer(request, Body(html.encode(), HTML))
        return problem(404, "this round is not here", "only the rounds of today are kept")

    async def _csv(self, request: http.Request) -> http.StreamResponse:
        heads = ["start", "status", "cost", "alone", "import_kwh", "export_kwh", "bought_kwh", "sold_kwh"]
        rows = [[f"{name}_{self._source.currency()}" if name in ("cost", "alone") else name for name in heads]]
        for start_s, one in self._source.month_slots():
            status, alone = ("settled", f"{one.alone:.6f}") if one.settled else ("estimated", "")
            energies = (one.import_kwh, one.export_kwh, one.bought_kwh, one.sold_kwh)
            start = self._reader(request).local(start_s).isoformat()
            rows.append([start, status, f"{one.total:.6f}", alone, *(f"{kwh:.3f}" for kwh in energies)])
        found = answer(request, Body(csv_text(rows).encode(), CSV))
        found.headers["Content-Disposition"] = 'attachment; filename="energy.csv"'
        return found

    async def _exactly(self, request: http.Request) -> http.StreamResponse:
        content, device = self._source.content(), request.query.get("device", "")
        if self._why is None or device not in {unit.id for unit in content.home.units}:
            return problem(404, "no such device", "name a device of this home")
        at_s = content.snapshot.at_s
        try:
            text = await self._why.answer(device, at_s - at_s % content.home.slot_s)
        except NoAnswer as error:
            return problem(503, f"no exact reason now: {error}", "try again in a minute")
        return answer(request, json_body({"text": text}))

    def _wish(self, handler: Callable[[http.Request, Wisher], Awaitable[http.StreamResponse]]) -> Handler:
        """A request that changes something: without the port there is nothing to change."""

        async def handled(request: http.Request) -> http.StreamResponse:
            if self._household is None:
                return problem(404, say("settings.unavailable"), say("settings.unavailable.do"))
            try:
                response = await handler(request, self._household)
            except BadBody as error:
                return problem(400, "this cannot be read", str(error))
            self.publish()
            return response

        return handled

    async def _settings(self, request: http.Request, household: Wisher) -> http.StreamResponse:
        return said(request, change_settings(await body_of(request), household), lambda: say("settings.saved"))

    async def _override(self, request: http.Request, household: Wisher) -> http.StreamResponse:
        now_s, shown = self._source.content().snapshot.at_s, self._reader(request)
        outcome, until_s = start_override(await body_of(request), household, now_s, shown)
        return said(request, outcome, lambda: say("override.started", time=shown.moment(until_s, now_s)))

    async def _cancel(self, request: http.Request, household: Wisher) -> http.StreamResponse:
        device = (await body_of(request)).get("device")
        return said(request, household.cancel(str(device), by="page"), lambda: say("override.ended"))


def _channel(request: http.Request) -> str:
    return channel_of(numerals_for(request.headers.get("Accept-Language", "")))


def _plain(value: Any) -> Any:
    """A view as JSON has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
