"""The page of a backtest in a real browser: nothing is logged, no texts touch, it fits a phone."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from backtest_page_sample import sample_backtest

from hems.commands.backtest_report.page import render

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

PROBE = """
const box = (node) => node.getBoundingClientRect();
addEventListener("load", () => {
  document.body.style.maxWidth = "WIDTHpx"; // the browser has no window narrower than 500 px, a phone has
  const charts = [...document.querySelectorAll("svg")];
  const touching = charts.flatMap((svg) => {
    const texts = [...svg.querySelectorAll("text")].filter((text) => box(text).width > 0);
    const pairs = texts.flatMap((a, k) => texts.slice(k + 1).map((b) => [a, b]));
    return pairs.filter(([a, b]) => {
      const [p, q] = [box(a), box(b)];
      return p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 2 && q.top < p.bottom - 2;
    }).map(([a, b]) => `${a.textContent} / ${b.textContent}`);
  });
  const outside = charts.flatMap((svg) => [...svg.querySelectorAll("text")]
    .filter((text) => box(text).left < box(document.body).left || box(text).right > box(document.body).right)
    .map((text) => text.textContent));
  const wide = document.body.scrollWidth - document.body.clientWidth;
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = JSON.stringify({ charts: charts.length, touching, outside, wide });
  document.body.append(result);
});
"""


def browse(page: Path, profile: Path, width: int = 1280) -> tuple[str, str]:
    """The document as it is drawn, and what the browser logged."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--enable-logging=stderr", f"--user-data-dir={profile}", f"--window-size={width},900",
        "--virtual-time-budget=3000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def test_the_page_loads_nothing_and_logs_nothing(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(sample_backtest()), encoding="utf-8")
    document, log = browse(page, tmp_path / "profile")
    assert "CONSOLE" not in log
    assert "home &lt;0&gt;" in document


@pytest.mark.parametrize("width", [360, 600, 1180])
def test_no_texts_touch_or_leave_the_screen(tmp_path: Path, width: int) -> None:
    page = tmp_path / "probed.html"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render(sample_backtest()))
    script = f"<script>{PROBE.replace('WIDTH', str(width))}</script></body>"
    page.write_text(text.replace("</body>", script), encoding="utf-8")
    document, _ = browse(page, tmp_path / "profile", max(width, 500) if width < 620 else 1280)
    found = document.split('<pre id="probe">')[1].split("</pre>")[0]
    assert '"charts":16' in found
    assert '"touching":[]' in found
    assert '"outside":[]' in found
    assert '"wide":0' in found
