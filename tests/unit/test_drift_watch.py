"""Drift in the log of an energy manager: a new car is named once when it appears, and once when it has gone."""

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hems.app.ems import EmsApp
from hems.control.drift_watch import GONE, DriftWatch
from hems.control.history import SlotMeans
from hems.forecasting.drift import Finding, FindingKind
from hems.forecasting.series import DAY_S
from hems.site.config import parse_config
from wire.slots import Slot

FIRST_S = 1_798_761_600  # 2027-01-01T00:00:00Z
HOURS = 24
CAR_FROM, CAR_UNTIL = 35, 42  # days
NIGHTS = st.lists(st.frozensets(st.sampled_from(sorted(GONE))), max_size=8)
CONFIG = """
[home]
meter = "home-1"
state_dir = "state"
timezone = "UTC"
slot_minutes = 60
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.3
"""


def finding(kind: FindingKind, message: str = "") -> Finding:
    return Finding(kind, message)


def test_a_finding_is_told_when_it_appears_and_when_it_has_gone_and_not_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = DriftWatch()
    nights = [
        [],
        [finding("gaps", "11 %")],
        [finding("gaps", "13 %"), finding("steady", "0.1 kW")],
        [finding("steady")],
        [],
        [],
    ]
    told = []
    with caplog.at_level(logging.INFO, logger="hems.control.drift_watch"):
        for night in nights:
            caplog.clear()
            watch.update(night)
            told.append([(record.levelname, record.getMessage()) for record in caplog.records])
    assert told == [
        [],
        [("WARNING", "load: gaps: 11 %")],
        [("WARNING", "load: steady: 0.1 kW")],
        [("INFO", "load: gaps is over: measured without long gaps again")],
        [("INFO", "load: steady is over: varies again")],
        [],
    ]


@given(nights=NIGHTS)
def test_lines_are_as_many_as_changes_from_night_to_night(nights: list[frozenset[FindingKind]]) -> None:
    lines: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lines.append  # type: ignore[method-assign]
    logger = logging.getLogger("hems.control.drift_watch")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        watch = DriftWatch()
        for night in nights:
            watch.update([finding(kind) for kind in night])
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert watch.standing == (nights[-1] if nights else frozenset())
    pairs = zip([frozenset(), *nights], nights, strict=False)
    assert len(lines) == sum(len(a ^ b) for a, b in pairs)


def load_with_a_car(days: int) -> list[SlotMeans]:
    """Hours of an ordinary home; in the nights of one week a car is charged with 11 kW."""
    hours = np.arange(days * HOURS)
    usual = 0.6 + 0.5 * np.sin((hours - 14) * 2 * np.pi / HOURS) ** 2
    base_kw = usual * np.random.default_rng(1).gamma(3.0, 1 / 3.0, len(hours))
    day = hours // HOURS
    base_kw[(day >= CAR_FROM) & (day < CAR_UNTIL) & (hours % HOURS < 4)] += 11.0
    return [SlotMeans(Slot(FIRST_S + 3600 * k, 60), kw, 0.0) for k, kw in enumerate(base_kw.tolist())]


def test_an_energy_manager_that_trains_names_a_new_car_once_and_says_when_it_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nights = [CAR_FROM, CAR_FROM + 3, CAR_UNTIL, CAR_UNTIL + 3]
    app = EmsApp(parse_config(CONFIG, "home.toml"), tmp_path)
    app._store.add_slot_means(load_with_a_car(nights[-1]))
    app._devices.close()
    app._store.close()
    told: list[list[str]] = []

    async def run() -> None:
        again = EmsApp(parse_config(CONFIG, "home.toml"), tmp_path)
        for day in nights:
            caplog.clear()
            await again.step(FIRST_S + day * DAY_S)
            assert again._training.running is not None
            await again._training.running
            told.append([r.getMessage() for r in caplog.records if r.name == "hems.control.drift_watch"])
            assert again._outlook.models["load"].trained_until_epoch_s == FIRST_S + day * DAY_S
        again._devices.close()
        again._store.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    before, first, later, gone = told
    assert before == later == []
    assert len(first) == 2 and first[0].startswith("load: more_load: ")
    assert first[1].startswith("load: new_peak: 12 h of the last week above 1.4 times the highest load before")
    assert gone == [
        "load: more_load is over: no more energy a day than in the weeks before",
        "load: new_peak is over: no longer higher than in the weeks before",
    ]
