"""The page of a comparison in a real browser: it draws, logs nothing, and fits a phone and a wide screen."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit"))

from comparison_sample import sample_comparison

from twin.output import write_comparison

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

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
  .filter((text) => box(text).left < box(document.body).left || box(text).right > box(document.body).right)
  .map((text) => text.textContent);
addEventListener("load", () => {
  document.body.style.maxWidth = "WIDTHpx"; // the browser has no window narrower than 500 px, a phone has
  const charts = [...document.querySelectorAll("svg.chart")];
  const found = { charts: charts.length, touching: charts.flatMap(touching), outside: charts.flatMap(outside) };
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
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    write_comparison(folder, sample_comparison())
    return folder / "compare.html"


def test_the_page_draws_every_figure_and_logs_nothing(page: Path, tmp_path: Path) -> None:
    document, log = _browse(page, tmp_path)
    assert "CONSOLE" not in log
    for name in ("efficiency", "costs", "homes", "fairness", "energy", "peak", "operator"):
        assert f'id="{name}-title"' in document


@pytest.mark.parametrize("width", [360, 600, 1180])
def test_no_texts_touch_or_leave_the_screen(page: Path, tmp_path: Path, width: int) -> None:
    text = page.read_text(encoding="utf-8")
    policy = text.index('<meta http-equiv="Content-Security-Policy"')
    without_policy = text[:policy] + text[text.index(">", policy) + 1 :]
    probed = tmp_path / "probed.html"
    probed.write_text(
        without_policy.replace("</body>", f"<script>{PROBE.replace('WIDTH', str(width))}</script></body>"),
        encoding="utf-8",
    )
    document, _ = _browse(probed, tmp_path / "profile", max(width, 500) if width < 620 else 1280)
    found = document.split('<pre id="probe">')[1].split("</pre>")[0]
    assert '"charts":7' in found
    assert '"touching":[]' in found
    assert '"outside":[]' in found
    assert '"wide":0' in found
