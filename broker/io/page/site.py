"""The operator's page as a server: it reads what the broker wrote, and pushes sections when that changes."""

import asyncio
import contextlib
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from aiohttp import web as http

from broker.audit.archive import Archive
from broker.audit.report import Report
from broker.audit.rounds import check_rounds
from broker.control.ports import StorageFailed
from broker.io.page.reading import MarketRecords
from broker.io.page.round_view import replay_words, round_view
from broker.io.page.sections import sections
from web.answers import HTML, Body, answer, json_body, problem
from web.assets import own_assets
from web.charts.markup import Markup, tag
from web.document import document
from web.events import Events, frame
from web.guard import Guard
from web.server import Handler, application
from wire.audit import roster_names
from wire.commitments import RoundName
from wire.messages import Calendar, Roster

TABS = (("now", "Now"), ("rounds", "Rounds"), ("members", "Members"), ("storage", "Storage"), ("ledger", "Ledger"))
LOOK_S = 1.0
CHANNEL = "market"
RETRY = "wait a moment and reload; `community-broker doctor` says more"


class OperatorPage:
    """The page of one broker's state directory; `records` may be reread at any time, the broker goes on meanwhile."""

    def __init__(self, records: MarketRecords, calendar: Calendar, state_dir: Path, guard: Guard) -> None:
        self._records = records
        self._calendar = calendar
        self._state_dir = state_dir
        self._events = Events()
        self._known = own_assets()
        self._seen = -1
        self._shown: dict[str, Markup] = {}
        self._checking, self._clearing = asyncio.Lock(), asyncio.Lock()
        routes: dict[tuple[str, str], Handler] = {
            ("GET", "/"): self._page,
            ("GET", "/events"): self._stream,
            ("GET", "/round/{stage}/{round}/{slot}"): self._round,
            ("GET", "/replay/{stage}/{round}/{slot}"): self._replay,
            ("GET", "/check"): self._check,
        }
        read = {route: _reading(handler) for route, handler in routes.items()}
        self.application = application(guard, self._events, read, name=f"Market of {calendar.community}")

    async def follow(self) -> None:
        """Pushes changed sections to open pages, until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._events.channels:
                continue
            with contextlib.suppress(sqlite3.Error, StorageFailed):  # the next look tries again
                changed = self._changed()
                if changed:
                    self._events.publish(CHANNEL, frame("sections", changed))

    def _changed(self) -> dict[str, Markup]:
        """The sections that differ from those shown last."""
        version = self._records.version()
        if version == self._seen:
            return {}
        self._seen = version
        fresh = sections(self._records.market())
        changed = {name: markup for name, markup in fresh.items() if self._shown.get(name) != markup}
        self._shown = fresh
        return changed

    async def _page(self, request: http.Request) -> http.StreamResponse:
        self._changed()
        tabs_shown = [(name, title) for name, title in TABS if name in self._shown]
        views = [
            tag(
                "section",
                tag("h2", title, tabindex=-1),
                tag("div", self._shown[name], data_live=name),
                class_="view",
                data_view=name,
                aria_label=title,
            )
            for name, title in tabs_shown
        ]
        links = [tag("li", tag("a", title, href=f"#{name}")) for name, title in tabs_shown]
        tabs = tag("nav", tag("ul", *links), class_="tabs", aria_label="Sections")
        content = tag("main", *views, id="main", tabindex=-1, data_events="/events")
        return self._html(request, self._head(), tabs, content, _spoken())

    async def _stream(self, request: http.Request) -> http.StreamResponse:
        self._changed()
        return await self._events.stream(request, CHANNEL, frame("sections", self._shown))

    async def _round(self, request: http.Request) -> http.StreamResponse:
        name = self._name(request)
        found = None if name is None else self._records.round(name)
        if found is None:
            return problem(404, "no such round in the records", "open it from the list of rounds")
        back = tag("p", tag("a", "All rounds", href="/#rounds"))
        content = tag("main", back, round_view(found, self._calendar.currency), id="main", tabindex=-1)
        return self._html(request, self._head(), content, title="One round")

    async def _replay(self, request: http.Request) -> http.StreamResponse:
        name = self._name(request)
        if name is None or self._records.round(name) is None:
            return problem(404, "no such round in the records", "open it from the list of rounds")
        archive = self._records.archive(name)
        async with self._clearing:  # the processor is the broker's, too
            report: Report = await asyncio.to_thread(verify_round, archive)
        return answer(request, json_body({"text": replay_words(report), "report": report.as_record()}))

    async def _check(self, request: http.Request) -> http.StreamResponse:
        """The comparison of journal and records in a process of its own, one at a time."""
        if self._checking.locked():
            return problem(409, "a check is running already", "wait for it")
        async with self._checking:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # no module is taken from the working directory
                "-m",
                "broker.cli",
                "replay",
                str(self._state_dir),
                "--json",
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                out, err = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
        if not out:
            return problem(
                500, (err.decode(errors="replace").strip() or "the check ended without a word")[-300:], RETRY
            )
        return answer(request, json_body({"text": check_words(json.loads(out))}))

    def _name(self, request: http.Request) -> RoundName | None:
        number = request.match_info["round"]
        if not number.isdecimal() or len(number) > 4:
            return None
        info = request.match_info
        return RoundName(self._calendar.community, info["stage"], info["slot"], int(number))

    def _head(self) -> Markup:
        live = tag("p", "Live", id="live", class_="live", role="status", data_on="Live", data_off="Connection lost")
        return tag("header", tag("h1", f"Market of {self._calendar.community}"), live, class_="top")

    def _html(self, request: http.Request, *content: Markup, title: str = "") -> http.StreamResponse:
        name = f"Market of {self._calendar.community}"
        text = document(f"{title}: {name}" if title else name, *content, known=self._known)
        return answer(request, Body(text.encode(), HTML))


def _reading(handler: Handler) -> Handler:
    """The handler; records that cannot be read now are said."""

    async def handled(request: http.Request) -> http.StreamResponse:
        try:
            return await handler(request)
        except (sqlite3.Error, StorageFailed) as error:
            return problem(503, f"the records cannot be read: {error}", RETRY, retry_after="5")

    return handled


def verify_round(archive: Archive) -> Report:
    """The report of clearing the rounds of an archive again, without the checks of the log that need all of it."""
    report = Report(violations=list(archive.violations))
    check_rounds(archive, archive.of(Calendar)[0], roster_names(archive.of(Roster)), {}, report)
    return report


def check_words(found: dict[str, Any]) -> str:
    """What the comparison of journal and records says, in a sentence."""
    ledger = found["ledger"]
    balance = (
        f"The ledger's {ledger['entries']} entries add up to 0."
        if ledger["sum_nano"] == 0
        else f"THE LEDGER DOES NOT ADD UP: {ledger['sum_nano']} nano are left over."
    )
    if found["difference"] is not None:
        return f"Different: {found['difference']}. {balance} Keep the state directory and report it."
    rows = ", ".join(f"{number} {table}s" for table, number in found["rows"].items() if number and table != "public")
    return f"Identical: {found['journal_records']} journal records give the same {rows}. {balance}"


def _spoken() -> Markup:
    return tag("p", id="spoken", class_="unseen", aria_live="polite")
