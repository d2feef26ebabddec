"""What the page's interface makes of requests: settings and overrides through the household's port, or a refusal."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestClient, TestServer
from house_samples import AT_S, HOME, content, snapshot

from hems.control.house_view.money import Sum
from hems.control.house_view.snapshot import Wishes
from hems.control.household.household import Household
from hems.io.edge_store import EdgeStore
from hems.io.page.content import Content
from hems.io.page.server import HouseServer
from web.access import Access
from web.guard import Reach


@dataclass
class Home7:
    """A source whose content follows the household's port."""

    household: Household
    slots: list[tuple[int, Sum]] = field(default_factory=lambda: [(AT_S, Sum(spent=0.25, import_kwh=1.0))])

    def content(self) -> Content:
        port = self.household
        wishes = Wishes(settings=port.settings(), options=port.options(), overrides=port.overrides())
        return content(snapshot(wishes=wishes), log=port.log(10))

    def currency(self) -> str:
        return "EUR"

    def month_slots(self) -> list[tuple[int, Sum]]:
        return self.slots


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    store = EdgeStore(tmp_path / "ems.db")
    yield Household(HOME, store, now=lambda: AT_S)
    store.close()


def asked(household: Household, folder: Path, *requests: tuple[str, str, Any]) -> list[tuple[int, Any]]:
    """Status and body of each request (method, path, body)."""

    async def run() -> list[tuple[int, Any]]:
        server = HouseServer(Home7(household), household, zone=ZoneInfo("Europe/Berlin"))
        app = server.application(Reach(port=0), Access(folder / "page", lambda: 0.0))
        found = []
        async with TestClient(TestServer(app)) as client:
            for method, path, body in requests:
                kind = "text" if isinstance(body, str) else "json"
                sent = (
                    {"data": body, "headers": {"Content-Type": "application/json"}}
                    if kind == "text"
                    else {"json": body}
                )
                async with client.request(method, path, **({} if body is None else sent)) as got:  # type: ignore[arg-type]
                    text = await got.text()
                    found.append((got.status, json.loads(text) if "json" in got.content_type else text))
        return found

    return asyncio.run(run())


def test_settings_are_changed_together_and_only_what_differs_is_logged(household: Household, tmp_path: Path) -> None:
    body = {"mode": "save", "objective": "cheap", "reserve_soc@battery": 0.3, "temp_min_c@living": None}
    ((status, told), (_, now)) = asked(
        household, tmp_path, ("POST", "/api/settings", body), ("GET", "/api/settings", None)
    )
    assert (status, told["said"][:5]) == (200, "Saved")
    assert now["settings"] == {"mode": "save", "reserve_soc@battery": 0.3}
    assert sorted(entry.what for entry in household.log(9)) == ["mode", "reserve_soc"]
    assert {entry.by for entry in household.log(9)} == {"page"}
    ((status, told),) = asked(household, tmp_path, ("POST", "/api/settings", body))
    assert status == 200 and "already" in told["said"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"mode": "party"}, "mode"),
        ({"reserve_soc@battery": 3}, "reserve_soc of battery"),
        ({"reserve_soc@battery": "0.3"}, "reserve_soc of battery"),
        ({"reserve_soc@battery": True}, "reserve_soc of battery"),
        ({"reserve_soc@cellar": 0.3}, "cellar"),
        ({"colour": "red"}, "colour"),
        ({"mode": ["auto"]}, "mode"),
        ({"mode": "save", "ready_by@car": "25:00"}, "ready_by of car"),
        ({f"mode{k}": 1 for k in range(60)}, "settings"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place_and_a_remedy_and_nothing_changes(
    household: Household, tmp_path: Path, body: dict[str, Any], expected: str
) -> None:
    ((status, told),) = asked(household, tmp_path, ("POST", "/api/settings", body))
    assert status == 422 and expected in told["error"] and told["to_do"]
    assert household.settings().values == {} and household.log(9) == []


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "7", '{"reserve_soc@battery": NaN}', '{"reserve_soc@battery": 1e999}', "[" * 9000, "\ud800"],
)
def test_a_body_that_is_no_object_is_refused_and_nothing_changes(
    household: Household, tmp_path: Path, body: str
) -> None:
    data = body.encode("utf-8", "surrogatepass").decode("latin-1")
    for path in ("/api/settings", "/api/override", "/api/cancel"):
        ((status, _),) = asked(household, tmp_path, ("POST", path, data))
        assert status in (400, 422)
    assert household.settings().values == {} and household.overrides() == ()


def test_an_override_ends_at_the_next_time_the_local_clock_shows_it(household: Household, tmp_path: Path) -> None:
    later, tomorrow = ({"what": "battery give", "until": until} for until in ("18:30", "14:59"))  # it is 15:00 there
    assert asked(household, tmp_path, ("POST", "/api/override", later))[0][0] == 200
    assert [o.until_s - AT_S for o in household.overrides()] == [3 * 3600 + 1800]
    assert asked(household, tmp_path, ("POST", "/api/override", tomorrow))[0][0] == 200
    assert [o.until_s - AT_S for o in household.overrides()] == [24 * 3600 - 60]
    ((status, told),) = asked(household, tmp_path, ("POST", "/api/cancel", {"device": "battery"}))
    assert status == 200 and told["said"].startswith("Ended") and household.overrides() == ()


@pytest.mark.parametrize(
    "body",
    [
        {"what": "roof give", "until": "18:30"},
        {"what": "cellar on", "until": "18:30"},
        {"what": "battery on", "until": "half past six"},
        {"what": "battery on", "until": AT_S - 1},
        {"what": "battery on", "until": AT_S + 8 * 86_400},
        {"what": "battery on", "until": "18:30", "power_kw": -3},
        {"what": 7, "until": True},
        {},
    ],
)
def test_a_wrong_override_is_refused_and_nothing_is_overridden(
    household: Household, tmp_path: Path, body: dict[str, Any]
) -> None:
    ((status, told),) = asked(household, tmp_path, ("POST", "/api/override", body))
    assert status in (400, 422) and told["to_do"] and household.overrides() == ()


def test_every_view_is_there_in_json_and_the_download_is_a_table(household: Household, tmp_path: Path) -> None:
    names = ("now", "plan", "market", "money", "settings")
    found = asked(
        household, tmp_path, *(("GET", f"/api/{name}", None) for name in names), ("GET", "/money.csv", None)
    )
    assert [status for status, _ in found] == [200] * 6
    assert found[0][1]["now"]["devices"][1]["soc"] == 0.62
    assert found[2][1]["rounds"][1]["price"] == 0.2134
    lines = found[5][1].splitlines()
    assert lines[0].startswith("start,status,cost_EUR") and lines[1].startswith(
        "2026-11-28T15:00:00+01:00,estimated,0.25"
    )


@pytest.mark.parametrize(
    "path", ["/part/round?slot=1&stage=x", "/part/round", "/api/why?device=../x", "/assets/nothing"]
)
def test_what_is_not_there_is_404_with_what_to_do(household: Household, tmp_path: Path, path: str) -> None:
    ((status, told),) = asked(household, tmp_path, ("GET", path, None))
    assert status == 404 and told["to_do"]


def test_a_request_without_json_is_refused(household: Household, tmp_path: Path) -> None:
    async def run() -> int:
        server = HouseServer(Home7(household), household, zone=ZoneInfo("UTC"))
        app = server.application(Reach(port=0), Access(tmp_path / "page", lambda: 0.0))
        async with TestClient(TestServer(app)) as client, client.post("/api/settings", data={"mode": "away"}) as got:
            return got.status

    assert asyncio.run(run()) == 400
    assert household.settings().values == {}


def test_the_page_and_its_events_follow_the_language_of_the_browser(household: Household, tmp_path: Path) -> None:
    async def run() -> tuple[str, str]:
        server = HouseServer(Home7(household), household, zone=ZoneInfo("UTC"))
        app = server.application(Reach(port=0), Access(tmp_path / "page", lambda: 0.0))
        headers = {"Accept-Language": "de-DE,de;q=0.8"}
        async with TestClient(TestServer(app)) as client:
            async with client.get("/", headers=headers) as got:
                text = await got.text()
            async with client.get("/events", headers=headers) as stream:
                while not (line := await stream.content.readline()).startswith(b"data"):
                    pass
        return text, line.decode()

    for text in asyncio.run(run()):
        assert "0,320" in text and "0.320" not in text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/override", {"what": "battery charge", "until": 10**18, "power_kw": 1}, 422),
        ("/api/override", {"what": "battery charge", "until": -(10**300)}, 422),
        ("/api/override", '{"what": "battery charge", "until": 1e400}', 400),
        ("/api/cancel", '{"device": "\\ud800"}', 400),
        ("/api/settings", '{"\\ud800@living": 1}', 400),
    ],
)
def test_what_cannot_be_a_moment_or_a_text_is_refused_and_nothing_changes(
    household: Household, tmp_path: Path, path: str, body: Any, status: int
) -> None:
    before = (household.settings(), household.overrides(), household.log(10))
    ((found, told),) = asked(household, tmp_path, ("POST", path, body))
    assert found == status
    assert told["error"] and told["to_do"]
    assert (household.settings(), household.overrides(), household.log(10)) == before
