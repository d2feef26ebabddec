"""The household's page in a real browser on a real energy manager with an emulated meter and devices."""

import shutil
import time
from collections.abc import Iterator
from subprocess import Popen

import pytest
from page_rig import House, living, served
from playwright.sync_api import Browser, Page, expect, sync_playwright

from meter_firmware_sim.faults import FaultKind

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
WAIT_MS = 15_000.0
VIEWS = ("Now", "Plan", "Market", "Money", "Settings")

# What accessibility needs, measured in the page: names, contrast of tokens on their ground, sizes of targets.
PROBE = """() => {
  const named = (node) => (node.getAttribute("aria-label") || node.textContent || node.value || "").trim();
  const box = (node) => node.getBoundingClientRect();
  const shown = (node) => box(node).width > 0;
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = style.getPropertyValue(name).trim();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(rgb(a)), light(rgb(b))].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const texts = ["--ink", "--soft", "--win", "--good", "--bad"];
  const pairs = texts.flatMap((text) => ["--card", "--page"].map((ground) => [text, ground]));
  return {
    unnamed: [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")].filter(shown)
      .filter((node) => !named(node) && !node.labels?.length).map((node) => node.outerHTML),
    small: [...document.querySelectorAll("a.button, button, .tabs a, select, input:not([type=radio])")].filter(shown)
      .filter((node) => box(node).height < 40).map((node) => node.outerHTML),
    pale: pairs.filter(([a, b]) => contrast(a, b) < 4.5).map((pair) => pair.join(" on ")),
    pictures: document.querySelectorAll("svg[role=img]:not(:has(> title)), svg[role=img]:not(:has(> desc))").length,
    landmarks: ["header", "nav[aria-label]", "main"].filter((css) => document.querySelectorAll(css).length !== 1),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with living(House()) as alive:
        yield alive


@pytest.fixture(scope="module")
def running(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Popen[str]]]:
    with served(tmp_path_factory.mktemp("home"), house, futures=0) as started:
        yield started


@pytest.fixture
def home(running: tuple[str, Popen[str]]) -> str:
    url, process = running
    assert process.poll() is None, "the last test of this file ends the home"
    return url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--disable-dev-shm-usage"])
        yield opened
        opened.close()


class Visit:
    """One look at the page; remembers what was asked for and what was logged."""

    def __init__(self, browser: Browser, url: str, *, width: int = 1200, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="en-GB",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.asked, self.logged = list[str](), list[str]()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.logged.append(message.text))
        self.page.on("pageerror", lambda error: self.logged.append(str(error)))
        self.page.goto(url)
        expect(self.page.locator("#live")).to_have_text("Live", timeout=WAIT_MS)

    def close(self) -> None:
        self.context.close()


def test_a_change_in_the_house_is_on_the_page_without_a_reload_and_nothing_comes_from_elsewhere(
    browser: Browser, home: str, house: House
) -> None:
    visit = Visit(browser, home)
    page = visit.page
    expect(page.locator("#devices-name")).to_contain_text("by plan", timeout=WAIT_MS)
    expect(page.get_by_text("640 W").first).to_be_visible()
    house.load_w = 2840.0
    try:
        expect(page.get_by_text("2.84 kW").first).to_be_visible(timeout=WAIT_MS)
    finally:
        house.load_w = 640.0
    assert all(url.startswith(home) for url in visit.asked)
    assert visit.logged == []
    visit.close()


def test_two_browsers_that_set_different_things_leave_each_other_s_alone(browser: Browser, home: str) -> None:
    one, two = Visit(browser, home + "#settings"), Visit(browser, home + "#settings")
    reserve = two.page.get_by_label("battery: keep for an outage, %")
    reserve.fill("45")  # not sent yet: this form waits, while the other one is sent
    one.page.locator("#mode-save").check()
    one.page.get_by_role("button", name="Save").click()
    expect(one.page.locator("#settings-form .said")).to_have_text("Saved. The plan follows with the next step.")
    expect(two.page.locator("#mode-save")).not_to_be_checked()
    two.page.get_by_role("button", name="Save").click()
    expect(two.page.locator("#settings-form .said")).to_have_text("Saved. The plan follows with the next step.")
    for visit in (one, two):
        visit.page.reload()
        expect(visit.page.locator("#mode-save")).to_be_checked()
        expect(visit.page.get_by_label("battery: keep for an outage, %")).to_have_value("45")
        visit.page.get_by_role("button", name="Save").click()
        expect(visit.page.locator("#settings-form .said")).to_have_text("Everything was so already.")
        visit.close()


def test_a_browser_without_scripts_shows_the_home_and_says_what_it_cannot_do(browser: Browser, home: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(home)
    expect(page.locator("main noscript p")).to_be_visible()
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#money-heading")).to_be_visible()
    context.close()


def test_settings_and_an_override_make_the_round_trip_to_the_device_and_back(
    browser: Browser, home: str, house: House
) -> None:
    visit = Visit(browser, home + "#settings")
    page = visit.page
    page.get_by_label("battery: keep for an outage, %").fill("35")
    page.locator("#mode-comfort").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-form .said")).to_have_text("Saved. The plan follows with the next step.")
    page.locator("#override-what").select_option("car off")
    page.locator("#override-until").fill(time.strftime("%H:%M", time.gmtime(time.time() + 5 * 3600)))
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#cancel-car")).to_contain_text("car: off until", timeout=WAIT_MS)
    end = time.monotonic() + WAIT_MS / 1000
    while house.car.commanded_power_w(time.time()) != 0 and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert house.car.commanded_power_w(time.time()) == 0
    page.reload()
    expect(page.get_by_label("battery: keep for an outage, %")).to_have_value("35")
    expect(page.locator("#mode-comfort")).to_be_checked()
    page.get_by_role("button", name="End now: car").click()
    expect(page.locator("#cancel-car")).to_have_count(0, timeout=WAIT_MS)
    page.locator("#log summary").click()
    expect(page.locator("#log")).to_contain_text("this page")
    visit.close()


def test_a_form_that_is_being_filled_is_not_taken_away_by_an_update(
    browser: Browser, home: str, house: House
) -> None:
    visit, other = Visit(browser, home + "#settings"), Visit(browser, home + "#settings")
    field = visit.page.get_by_label("living: not colder than, °C")
    field.fill("21")
    other.page.locator("#mode-save").check()
    other.page.get_by_role("button", name="Save").click()
    expect(other.page.locator("#settings-form .said")).to_contain_text("Saved")
    expect(visit.page.locator("#live")).to_have_text("Live")
    visit.page.wait_for_timeout(1200)  # an update has come by then; what was typed is still there
    expect(field).to_have_value("21")
    field.fill("4")
    visit.page.locator("#settings-form").evaluate("form => form.noValidate = true")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.locator("#settings-form .said")).to_contain_text("temp_min_c of living")
    other.page.locator("#mode-auto").check()
    other.page.get_by_role("button", name="Save").click()
    expect(other.page.locator("#settings-form .said")).to_contain_text("Saved")
    visit.close()
    other.close()


def test_the_keyboard_reaches_every_section_and_its_heading_takes_the_focus(browser: Browser, home: str) -> None:
    visit = Visit(browser, home)
    page = visit.page
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    for name in VIEWS:
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text(name)
    page.keyboard.press("Enter")
    expect(page.locator("#settings-heading")).to_be_focused()
    expect(page.locator(".tabs a[aria-current]")).to_have_text("Settings")
    expect(page.locator("#now")).to_be_hidden()
    visit.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_every_section_is_named_legible_and_fits_the_screen(
    browser: Browser, home: str, width: int, scheme: str
) -> None:
    visit = Visit(browser, home, width=width, scheme=scheme)
    for name in VIEWS:
        visit.page.locator(".tabs").get_by_text(name, exact=True).click()
        found = visit.page.evaluate(PROBE)
        clean = {"unnamed": [], "small": [], "pale": [], "pictures": 0, "landmarks": [], "wide": 0}
        assert found == clean, name
    visit.close()


def test_pointing_at_the_plan_reads_the_hour_from_its_table(browser: Browser, home: str) -> None:
    visit = Visit(browser, home + "#plan")
    box = visit.page.locator("#plan .stage").bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 100)
    expect(visit.page.locator("#plan .readout")).to_contain_text("Price 0.")
    row = visit.page.locator("#plan .readout").inner_text().split(": Price")[0]
    assert visit.page.locator("#plan tbody th", has_text=row).count() >= 1
    visit.close()


def test_an_exact_reason_is_the_one_of_hems_why(browser: Browser, home: str) -> None:
    visit = Visit(browser, home)
    visit.page.locator("#why-battery summary").click()
    expect(visit.page.locator("#why-battery pre")).to_contain_text("The battery", timeout=WAIT_MS)
    visit.close()


def test_a_meter_that_falls_silent_is_said_with_what_to_do_and_a_lost_page_says_so(
    browser: Browser, home: str, house: House, running: tuple[str, Popen[str]]
) -> None:
    visit = Visit(browser, home)
    house.server.banks[1].switch(FaultKind.TIMEOUT)
    expect(visit.page.locator(".notices")).to_contain_text("does not answer", timeout=WAIT_MS)
    expect(visit.page.locator("#spoken")).to_contain_text("does not answer")
    expect(visit.page.locator("#now")).to_contain_text("Last measured")
    house.server.banks[1].switch(FaultKind.TIMEOUT, on=False)
    expect(visit.page.locator(".notices")).not_to_contain_text("does not answer", timeout=WAIT_MS)
    process = running[1]
    process.terminate()
    process.wait(WAIT_MS / 1000)
    expect(visit.page.locator("#live")).to_contain_text("No connection", timeout=WAIT_MS)
    visit.close()
