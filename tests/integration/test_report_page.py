"""The report page in a real browser: it draws, its script runs under its own policy, and nothing is logged."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from report_sample import sample_report

from twin.report.page import write

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

# Measured in the page: what sticks out sideways, texts of a picture that touch, what the controls say and do.
PROBE = """
const box = (node) => node.getBoundingClientRect();
const touching = (svg) => {
  const texts = [...svg.querySelectorAll("text")].filter((text) => box(text).width > 0);
  const pairs = texts.flatMap((a, k) => texts.slice(k + 1).map((b) => [a, b]));
  return pairs.filter(([a, b]) => {
    const [p, q] = [box(a), box(b)];
    return p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 2 && q.top < p.bottom - 2;
  }).map(([a, b]) => `${a.textContent} / ${b.textContent}`);
};
const outside = (svg) => [...svg.querySelectorAll("text")]
  .filter((text) => box(text).width > 0)
  .filter((text) => box(text).left < box(document.body).left || box(text).right > box(document.body).right)
  .map((text) => text.textContent);
addEventListener("load", () => {
  document.body.style.maxWidth = "WIDTHpx"; // the browser has no window narrower than 500 px, a phone has
  const day = document.querySelector("#prices .day-choice");
  const before = document.querySelector("#prices .plot").getAttribute("viewBox");
  const charts = [...document.querySelectorAll("svg.chart")];
  const found = { charts: charts.length, touching: charts.flatMap(touching), outside: charts.flatMap(outside) };
  day.selectedIndex = 2;
  day.dispatchEvent(new Event("change"));
  const slider = document.querySelector("#prices .cursor-choice");
  slider.value = slider.min;
  slider.dispatchEvent(new Event("input"));
  found.zoomTouching = touching(document.querySelector("#prices svg.chart"));
  found.before = before;
  found.zoomed = document.querySelector("#prices .plot").getAttribute("viewBox");
  found.spoken = slider.getAttribute("aria-valuetext");
  found.wide = document.body.scrollWidth - document.body.clientWidth;
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
"""


def _browse(page: Path, profile: Path, width: int = 1280) -> tuple[str, str]:
    """The document after its scripts ran, and what the browser logged."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--enable-logging=stderr", f"--user-data-dir={profile}", f"--window-size={width},900",
        "--virtual-time-budget=3000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(path, sample_report())
    return path


def test_the_page_draws_every_figure_and_logs_nothing(week: Path, tmp_path: Path) -> None:
    document, log = _browse(week, tmp_path)
    assert "CONSOLE" not in log
    for name in ("totals", "savings", "prices", "plan", "curve", "flows", "grid"):
        assert f'id="{name}-title"' in document
    assert document.count('class="controls"') == document.count('class="hit"') == 3
    assert 'class="controls" hidden' not in document


def test_a_page_with_a_broken_script_would_be_noticed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text("<script>missing.call()</script>", encoding="utf-8")
    assert "CONSOLE" in _browse(broken, tmp_path / "profile")[1]


def test_a_script_that_is_not_the_pages_own_does_not_run(week: Path, tmp_path: Path) -> None:
    injected = tmp_path / "injected.html"
    text = week.read_text(encoding="utf-8").replace("<footer>", "<script>document.title = 'taken'</script><footer>")
    injected.write_text(text, encoding="utf-8")
    document, log = _browse(injected, tmp_path / "profile")
    assert "<title>taken" not in document
    assert "Content Security Policy" in log


@pytest.mark.parametrize("width", [360, 390, 600, 1180])
def test_no_texts_touch_or_leave_the_screen_and_a_day_can_be_picked(week: Path, tmp_path: Path, width: int) -> None:
    probed = tmp_path / "probed.html"
    text = week.read_text(encoding="utf-8")
    policy = text.index('<meta http-equiv="Content-Security-Policy"')
    without_policy = text[:policy] + text[text.index(">", policy) + 1 :]
    probed.write_text(
        without_policy.replace("</body>", f"<script>{PROBE.replace('WIDTH', str(width))}</script></body>"),
        encoding="utf-8",
    )
    document, _ = _browse(probed, tmp_path / "profile", max(width, 500) if width < 620 else 1280)
    found = document.split('<pre id="probe">')[1].split("</pre>")[0]
    assert '"touching":[]' in found
    assert '"outside":[]' in found
    assert '"zoomTouching":[]' in found
    assert '"zoomed":"96 0 96 ' in found
    assert '"before":"0 0 672 ' in found
    assert '"spoken":"Tue 20 Jun 00:00 UTC: Market price' in found
    assert '"wide":0' in found
