"""Forecast worker: trains and predicts on request, one JSON object per line in, one per line out.

Run as `python -m hems.forecasting.worker`. It is a process of its own so that scikit-learn's memory and
crashes stay out of the energy management process. The parent sets OMP_NUM_THREADS=1 before starting it (the
thread pool is fixed when scikit-learn is loaded). Standard output carries answers only.

Requests: {"op": "train", "id", "history": SERIES, "timezone", "seed", "kind", "holidays", "temperature"} ->
{"id", "model": text}; {"op": "predict", "id", "model": text, "history": SERIES, "start_epoch_s", "n", "holidays",
"temperature"} -> {"id", "forecast": {..}}; {"op": "ping", "id"} -> {"id", "ok": true}. SERIES is {"start_epoch_s",
"slot_s", "values_kw"} with null for a missing slot; "holidays" are local days since 1970; "temperature" is
{"start_s", "slot_s", "values_c"} with null for what is not known. Both may be left out. A request that fails is
answered by {"id", "error": message, "code": kind of error}.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from hems.forecasting import model_file
from hems.forecasting.model import ModelError, NotEnoughHistoryError
from hems.forecasting.series import SeriesError
from hems.forecasting.series_json import forecast_to_json, series_from_json, temperature_from_json
from hems.forecasting.temperature import TemperatureSeries
from hems.forecasting.trained import predict, train

MAX_LINE_CHARS = 32_000_000  # a year of quarter hours is 0.7 million


def answer(line: str) -> str:
    """The answer line to one request line; never raises."""
    request_id: Any = None
    try:
        request = json.loads(line)
        request_id = request.get("id")
        return _line({"id": request_id, **_run(request)})
    except NotEnoughHistoryError as error:
        return _failure(request_id, "not_enough_history", error)
    except (SeriesError, ModelError) as error:
        return _failure(request_id, "bad_input", error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _failure(request_id, "bad_request", error)
    except Exception as error:
        # The parent must get an answer to every request, whatever scikit-learn raises.
        return _failure(request_id, "internal", error)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answers lines until the input ends, or nobody is there to read an answer."""
    while line := requests.readline(MAX_LINE_CHARS):
        try:
            answers.write(answer(line) + "\n")
            answers.flush()
        except BrokenPipeError:
            return


def _run(request: dict[str, Any]) -> dict[str, Any]:
    op = request["op"]
    if op == "ping":
        return {"ok": True}
    history = series_from_json(request["history"])
    if op == "train":
        kind, seed = request.get("kind", "load"), int(request["seed"])
        if kind not in ("load", "pv"):
            raise ValueError(f"kind is {kind!r}, not load or pv")
        model = train(
            history,
            slot_s=history.slot_s,
            timezone=request["timezone"],
            seed=seed,
            kind=kind,
            holidays=_holidays(request),
            temperature=_temperature(request),
        )
        return {"model": model_file.to_text(model)}
    if op == "predict":
        model = model_file.from_text(request["model"])
        start_epoch_s, n = int(request["start_epoch_s"]), int(request["n"])
        forecast = predict(
            model, history, start_epoch_s, n, holidays=_holidays(request), temperature=_temperature(request)
        )
        return {"forecast": forecast_to_json(forecast)}
    raise ValueError(f"op is {op!r}, not train, predict or ping")


def _holidays(request: dict[str, Any]) -> frozenset[int]:
    return frozenset(int(day) for day in request.get("holidays", ()))


def _temperature(request: dict[str, Any]) -> TemperatureSeries | None:
    plain = request.get("temperature")
    return None if plain is None else temperature_from_json(plain)


def _failure(request_id: Any, code: str, error: Exception) -> str:
    return _line({"id": request_id, "error": f"{type(error).__name__}: {error}", "code": code})


def _line(plain: dict[str, Any]) -> str:
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
