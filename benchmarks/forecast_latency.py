"""Times of forecasts of 24 h [ms], median and worst: `python -m benchmarks.forecast_latency MODEL KIND [--weather]`.

A process of its own, as an energy manager is: the model comes from a file, scikit-learn is not there.
"""

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks.machine import elapsed_ms
from benchmarks.quarter_hours import SLOT_S, TIMEZONE, issued_weather, year
from hems.forecasting import model_file
from hems.forecasting.forecaster import best_forecast
from hems.forecasting.series import DAY_S

FORECASTS = DAY_S // SLOT_S  # one at each quarter hour of the last day, so that every hour of the day is among them
SLOTS = DAY_S // SLOT_S


def main() -> None:
    """Forecasts once from each quarter hour; the first forecast of the process counts too."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("kind", choices=("load", "pv"))
    parser.add_argument("--weather", action="store_true")
    args = parser.parse_args()
    model, series = model_file.from_text(args.model.read_text("utf-8")), year(args.kind)
    weather = issued_weather(series.end_epoch_s) if args.weather else []
    starts = [series.end_epoch_s - back * SLOT_S for back in range(FORECASTS, 0, -1)]
    sources = set()

    def run(start_s: int) -> None:
        past = series.until(start_s)
        forecast = best_forecast(model, past, start_s, SLOTS, timezone=TIMEZONE, kind=args.kind, weather=weather)
        sources.add(forecast.source)

    times = [elapsed_ms(lambda start_s=start_s: run(start_s)) for start_s in starts]
    expected = "boosted" if args.kind == "load" else "weather" if args.weather else "physical"
    if sources != {expected} or any(name.startswith("sklearn") for name in sys.modules):
        raise SystemExit(f"forecasts came from {sources}, not {expected}, or scikit-learn was loaded")
    print(statistics.median(times), max(times))


if __name__ == "__main__":
    main()
