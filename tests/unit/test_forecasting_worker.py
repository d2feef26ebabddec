"""Worker: one answer per line, errors as values, client survives death, silence and rubbish."""

import asyncio
import io
import json
import subprocess
import sys

import numpy as np

from hems.forecasting import worker
from hems.forecasting.model import BoostedModel
from hems.forecasting.series import Series
from hems.forecasting.series_json import forecast_from_json, series_from_json, series_to_json
from hems.io.forecast_worker import ForecastWorker, TrainingFailed

ECHO_NOTHING = (sys.executable, "-c", "import sys; sys.stdin.readline()")
SILENT = (sys.executable, "-c", "import sys\nfor line in sys.stdin: pass")
RUBBISH = (sys.executable, "-c", "import sys\nfor line in sys.stdin: print('Traceback', flush=True)")


def history(days: int = 14) -> Series:
    hours = np.arange(days * 24)
    values = 1.0 + np.sin(hours * 2 * np.pi / 24) + 0.2 * np.random.default_rng(2).random(len(hours))
    values[30] = np.nan
    return Series(start_epoch_s=0, slot_s=3600, values_kw=np.maximum(values, 0.0))


def ask(**request: object) -> dict[str, object]:
    answer = json.loads(worker.answer(json.dumps(request)))
    assert isinstance(answer, dict)
    return answer


def test_train_then_predict_over_lines() -> None:
    series = series_to_json(history())
    trained = ask(op="train", id=1, history=series, timezone="UTC", seed=3)
    answer = ask(op="predict", id=2, model=trained["model"], history=series, start_epoch_s=14 * 86_400, n=24)
    plain = answer["forecast"]
    assert answer["id"] == 2 and isinstance(plain, dict)
    forecast = forecast_from_json(plain)
    assert forecast.source == "boosted" and len(forecast.mean_kw) == 24


def test_every_bad_request_is_answered_with_an_error_and_its_id() -> None:
    short = series_to_json(history(2))
    assert ask(op="train", id=5, history=short, timezone="UTC", seed=1)["code"] == "not_enough_history"
    assert ask(op="dance", id=6, history=short)["code"] == "bad_request"
    assert ask(id=7)["id"] == 7
    assert (
        ask(op="train", id=8, history=series_to_json(history()), timezone="No/Where", seed=1)["code"] == "bad_request"
    )
    assert ask(op="predict", id=9, history=short, model="{}", start_epoch_s=0, n=4)["code"] == "bad_input"
    for line in ("not json", "[]", "null", "", '{"op": "train", "history": {"values_kw": ["x"]}}'):
        assert "error" in json.loads(worker.answer(line))


def test_serve_answers_line_by_line_until_the_input_ends() -> None:
    answers = io.StringIO()
    worker.serve(io.StringIO('{"op":"ping","id":1}\nrubbish\n{"op":"ping","id":2}\n'), answers)
    lines = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [line["id"] for line in lines] == [1, None, 2] and "error" in lines[1]


def test_series_with_missing_slots_survives_json() -> None:
    again = series_from_json(json.loads(json.dumps(series_to_json(history()))))
    assert np.array_equal(again.values_kw, history().values_kw, equal_nan=True)


def test_real_worker_trains_is_killed_and_trains_again() -> None:
    async def session() -> list[BoostedModel | TrainingFailed]:
        client = ForecastWorker(timeout_s=120.0)
        results = [await client.train(history(), timezone="UTC", seed=3)]
        assert client._process is not None
        client._process.kill()
        results.append(await client.train(history(), timezone="UTC", seed=3))
        results.append(await client.train(history(2), timezone="UTC", seed=3))
        await client.close()
        return results

    first, second, short = asyncio.run(session())
    assert isinstance(first, BoostedModel) and isinstance(second, BoostedModel)
    assert first.seasonal_weight == second.seasonal_weight
    assert isinstance(short, TrainingFailed) and short.code == "not_enough_history"


def test_worker_that_dies_stays_silent_or_talks_rubbish_gives_the_seasonal_forecast() -> None:
    async def failure(command: tuple[str, ...], timeout_s: float) -> tuple[TrainingFailed, str]:
        client = ForecastWorker(timeout_s=timeout_s, command=command)
        failed = await client.train(history(), timezone="UTC", seed=1)
        forecast = await client.train_and_forecast(history(), 14 * 86_400, 24, timezone="UTC", seed=1)
        await client.close()
        assert isinstance(failed, TrainingFailed)
        return failed, forecast.source

    outcomes = [asyncio.run(failure(ECHO_NOTHING, 30.0)), asyncio.run(failure(RUBBISH, 30.0))]
    outcomes.append(asyncio.run(failure(SILENT, 0.3)))
    assert [(failed.code, source) for failed, source in outcomes] == [
        ("died", "seasonal"),
        ("died", "seasonal"),
        ("timeout", "seasonal"),
    ]


def test_predicting_with_a_trained_model_never_loads_scikit_learn() -> None:
    code = (
        "import sys, hems.io.forecast_worker, hems.forecasting.model_boosted, hems.forecasting.worker; "
        "sys.exit(any(name.startswith('sklearn') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_worker_whose_reader_died_ends_without_a_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hems.forecasting.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.stdin.write('{"op": "ping", "id": 1}\n')
        process.stdin.close()
        assert "Traceback" not in process.stderr.read()
