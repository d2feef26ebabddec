"""Asks every query of the shipped dashboards and alerts of an InfluxDB and says which find nothing.

`--pages FOLDER` also writes each dashboard as an HTML page with the answers drawn in it.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboards.places import FOLDER_OF_FILES
from dashboards.review.drawing.frames import Answered
from dashboards.review.drawing.sheet import sheet
from dashboards.review.engine import Engine, QueryFailed
from dashboards.review.substitution import Span, duration_ms
from dashboards.review.targets import choices, panel_span, panels, queries_of

NAMES = ("house", "market", "community", "system")


def main() -> int:
    """0 when every panel finds data, 1 when one does not, 2 when the database cannot be asked."""
    arguments = _arguments()
    now_s = arguments.now or int(time.time())
    try:
        token = arguments.token_file.read_text("utf-8").strip() if arguments.token_file else None
        engine = Engine(url=arguments.url, database=arguments.bucket, token=token)
        wanted = dict(_choice(text) for text in arguments.choose)
        empty = review(engine, now_s, duration_ms(arguments.range), arguments.pages, wanted)
    except (QueryFailed, OSError, ValueError) as error:
        print(f"review: {error}", file=sys.stderr)
        return 2
    for said in empty:
        print(f"no data: {said}")
    return 1 if empty else 0


def review(
    engine: Engine, now_s: int, range_ms: int, pages: Path | None, wanted: Mapping[str, str] | None = None
) -> list[str]:
    """The panels that find nothing, but for those that say themselves why they may be empty.

    Raises: QueryFailed when the database cannot be asked, ValueError when it holds no point of ours.
    """
    now_ms = now_s * 1000
    span = Span(start_ms=now_ms - range_ms, end_ms=now_ms)
    empty = []
    for name in NAMES:
        dashboard: dict[str, Any] = json.loads((FOLDER_OF_FILES / "dashboards" / f"{name}.json").read_text("utf-8"))
        values = choices(
            dashboard, lambda query: [row[1] for s in engine.ask(query) for row in s.values], span, wanted
        )
        answered = {}
        for panel in panels(dashboard):
            asked = queries_of(dashboard, panel, span, now_ms, values)
            found = Answered(
                panel=panel,
                span=panel_span(panel, span, now_ms, values),
                answers=[(query.alias, engine.ask(query.text)) for query in asked],
            )
            answered[panel["id"]] = found
            if asked and not found.lines() and "noValue" not in panel["fieldConfig"]["defaults"]:
                empty.append(f"{dashboard['title']}: {panel['title']}")
        if pages is not None:
            pages.mkdir(parents=True, exist_ok=True)
            (pages / f"{name}.html").write_text(sheet(dashboard, answered, values, []), "utf-8")
    return empty


def _choice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--choose {text}: write NAME=VALUE, as site=home-2")
    return name, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboards.review", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8086", help="address of InfluxDB")
    parser.add_argument("--bucket", default="hearthgrid", help="bucket, or database of InfluxDB 1")
    parser.add_argument("--token-file", type=Path, help="file that holds a token that may read")
    parser.add_argument("--range", default="24h", help="how far back (24h, 7d)")
    parser.add_argument("--now", type=int, help="end of the range [s since 1970]; now when left out")
    parser.add_argument("--choose", action="append", default=[], metavar="NAME=VALUE", help="a variable: site=home-2")
    parser.add_argument("--pages", type=Path, help="folder for the pages")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
