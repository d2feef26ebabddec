"""The household's page: first paint, bytes, delay of updates, and what 50 open pages cost the energy manager.

`scripts/bench page [--pages N] [--seconds S]` starts an emulated house and `hems run` as a process of its own.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from playwright.sync_api import Browser, sync_playwright

from benchmarks.machine import RESULTS, machine

sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))

from page_rig import House, living, served

PAINTS, UPDATES = 7, 7
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LIMITS = {"first paint": 300.0, "bytes": 300_000.0, "update": 2_000.0, "cpu": 5.0, "memory": 150.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Medians and largest values [ms], bytes as sent, share of a core [%], memory [MB]."""

    paint_ms: float
    paint_max_ms: float
    sent_bytes: int
    update_ms: float
    update_max_ms: float
    kettle_ms: float
    kettle_max_ms: float
    cpu_idle_percent: float
    cpu_percent: float
    memory_mb: float


def measured(pages: int, seconds: float, tick_s: int) -> Found:
    """Everything, one after the other, on one home."""
    with (
        tempfile.TemporaryDirectory() as folder,
        living(House()) as house,
        served(Path(folder), house, tick_s=tick_s) as (url, process),
    ):
        paints, sent, updates, kettles = _in_browser(url, house)
        time.sleep(2 * tick_s)
        idle = _cpu_percent(process.pid, seconds)
        loaded = asyncio.run(_with_readers(url, pages, process.pid, seconds))
        memory = _peak_mb(process.pid)
    return Found(
        paint_ms=statistics.median(paints),
        paint_max_ms=max(paints),
        sent_bytes=max(sent),
        update_ms=statistics.median(updates),
        update_max_ms=max(updates),
        kettle_ms=statistics.median(kettles),
        kettle_max_ms=max(kettles),
        cpu_idle_percent=idle,
        cpu_percent=loaded,
        memory_mb=memory,
    )


def _in_browser(url: str, house: House) -> tuple[list[float], list[int], list[float], list[float]]:
    """First paints [ms], bytes sent, delays of settings and of loads [ms]."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--disable-dev-shm-usage"])
        _wait_for_plan(browser, url)
        visits = [_first_paint(browser, url) for _ in range(PAINTS)]
        updates = _updates_ms(browser, url)
        kettles = _kettles_ms(browser, url, house)
        browser.close()
    return [paint for paint, _ in visits], [sent for _, sent in visits], updates, kettles


def _wait_for_plan(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.goto(url)
    page.locator("#devices-name", has_text="by plan").wait_for(timeout=60_000)
    page.close()


def _first_paint(browser: Browser, url: str) -> tuple[float, int]:
    """First contentful paint [ms] with an empty cache, and bytes over the wire until the page is live."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sent = [0]
    wire.on("Network.dataReceived", lambda event: _count(sent, event))
    page.goto(url)
    page.get_by_text("Live", exact=True).wait_for()
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    headers = page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".reduce((sum, one) => sum + Math.max(0, one.transferSize - one.encodedBodySize), 0)"
    )
    context.close()
    return float(paint), sent[0] + int(headers)


def _count(sent: list[int], event: dict[str, Any]) -> None:
    sent[0] += int(event.get("encodedDataLength") or event["dataLength"])


def _updates_ms(browser: Browser, url: str) -> list[float]:
    """From a change made through the interface to the other page's picture of it [ms]."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_text("Live", exact=True).wait_for()
    delays = []
    for k in range(UPDATES):
        mode, words = (("away", "Mode: Away"), ("manual", "Mode: Manual"))[k % 2]
        begin = time.perf_counter()
        answer = page.request.post(f"{url}/api/settings", data={"mode": mode})
        assert answer.ok, answer.text()
        page.locator(".notices", has_text=words).wait_for()
        delays.append(1000 * (time.perf_counter() - begin))
        page.wait_for_timeout(1500)
    page.request.post(f"{url}/api/settings", data={"mode": "auto"})
    page.close()
    return delays


def _kettles_ms(browser: Browser, url: str, house: House) -> list[float]:
    """From a load that is switched on in the house to the picture of it [ms]."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_text("Live", exact=True).wait_for()
    delays = []
    for k in range(UPDATES):
        page.wait_for_timeout(2000 + 130 * k)
        house.load_w, begin = 700.0 + 10 * k, time.perf_counter()
        page.locator("#now", has_text=f"{700 + 10 * k} W").wait_for()
        delays.append(1000 * (time.perf_counter() - begin))
    page.close()
    return delays


async def _with_readers(url: str, pages: int, pid: int, seconds: float) -> float:
    """Share of a core that the energy manager takes while pages are open [%]."""
    async with ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None)) as client:
        readers = [asyncio.create_task(_reader(client, url)) for _ in range(pages)]
        await asyncio.sleep(5.0)
        assert not any(reader.done() for reader in readers), "a page was dropped"
        percent = await asyncio.to_thread(_cpu_percent, pid, seconds)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return percent


async def _reader(client: ClientSession, url: str) -> None:
    async with client.get(url) as got:
        await got.read()
    async with client.get(f"{url}/events") as stream:
        async for _ in stream.content.iter_any():
            pass


def _cpu_percent(pid: int, seconds: float) -> float:
    before, begin = _ticks(pid), time.monotonic()
    time.sleep(seconds)
    return 100.0 * (_ticks(pid) - before) / TICKS_PER_S / (time.monotonic() - begin)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def table(found: Found, pages: int, tick_s: int) -> str:
    """The results as Markdown."""
    rows = [
        ("first paint, empty cache", f"{found.paint_ms:.0f} ms, largest {found.paint_max_ms:.0f} ms", "300 ms"),
        ("bytes until it is live", f"{found.sent_bytes / 1000:.1f} kB", "300 kB"),
        ("setting to picture", f"{found.update_ms:.0f} ms, largest {found.update_max_ms:.0f} ms", "2,000 ms"),
        ("kettle to picture", f"{found.kettle_ms:.0f} ms, largest {found.kettle_max_ms:.0f} ms", "2,000 ms"),
        (f"{pages} open pages", f"{found.cpu_percent - found.cpu_idle_percent:.1f} % of a core", "5 %"),
        ("energy manager alone / with them", f"{found.cpu_idle_percent:.1f} % / {found.cpu_percent:.1f} %", ""),
        ("peak memory of the energy manager", f"{found.memory_mb:.0f} MB", "150 MB"),
    ]
    body = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""# The household's page

`scripts/bench page`: a home with roof, battery, car and heat pump, step every {tick_s} s, Chromium and readers on the
same machine. {machine()}.

| what | measured | limit |
|---|---|---|
{body}
"""


def main() -> None:
    """Measures, writes benchmarks/results/page.md, and fails when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50, help="open pages [50]")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long processor time is counted [60]")
    parser.add_argument("--tick", type=int, default=20, help="seconds between steps [20, the default of a home]")
    parser.add_argument("--json", action="store_true", help="print the numbers, write nothing")
    args = parser.parse_args()
    found = measured(args.pages, args.seconds, args.tick)
    if args.json:
        print(json.dumps({name: getattr(found, name) for name in Found.__slots__}))
    else:
        (RESULTS / "page.md").write_text(table(found, args.pages, args.tick), encoding="utf-8")
        print(table(found, args.pages, args.tick))
    over = {
        "first paint": found.paint_ms,
        "bytes": found.sent_bytes,
        "update": max(found.update_max_ms, found.kettle_max_ms),
        "cpu": found.cpu_percent - found.cpu_idle_percent,
        "memory": found.memory_mb,
    }
    broken = [name for name, value in over.items() if value > LIMITS[name]]
    if broken:
        raise SystemExit(f"over the limit: {', '.join(broken)}")


if __name__ == "__main__":
    main()
