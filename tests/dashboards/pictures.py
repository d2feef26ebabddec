"""Writes docs/pictures/dashboard-NAME.webp from the sample: `python -m tests.dashboards.pictures`. Needs Chromium."""

import base64
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.append(str(Path(__file__).parent))

from filling import empty_engine, fill
from shipped_files import NAMES

from dashboards.review.__main__ import review
from dashboards.review.drawing.sheet import WIDTH
from dashboards.review.sample import NOW_S, sample

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DAY_MS = 86_400_000
SCALE, QUALITY = 0.75, 0.7
SMALLER = """async ([png, quality]) => {
  const image = new Image();
  image.src = png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def shot(browser: Browser, page: Path) -> bytes:
    """The whole page as WebP."""
    opened = browser.new_page(viewport={"width": WIDTH + 8, "height": 900}, device_scale_factor=SCALE)
    opened.goto(page.as_uri())
    png = base64.b64encode(opened.screenshot(full_page=True)).decode()
    small = opened.evaluate(SMALLER, [f"data:image/png;base64,{png}", QUALITY])
    opened.close()
    return base64.b64decode(small)


def main() -> None:
    """Draws all four."""
    with tempfile.TemporaryDirectory() as folder:
        with empty_engine(Path(folder) / "influx") as engine:
            fill(engine, sample())
            review(engine, NOW_S, DAY_MS, Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            for name in NAMES:
                (FOLDER / f"dashboard-{name}.webp").write_bytes(shot(browser, Path(folder) / f"{name}.html"))
            browser.close()


if __name__ == "__main__":
    main()
