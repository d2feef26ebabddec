"""The cost part of the forecast benchmark: the worker it measures, and one section of a file replaced."""

import numpy as np
import pytest

from benchmarks.forecast_cost import training
from benchmarks.machine import with_section
from hems.forecasting import model_file
from hems.forecasting.series import Series
from hems.forecasting.trained import layout

TEXT = "# Benchmark: x\n\nWhat.\n\n## Cost\n\nold\n\n## Data\n\n* one\n"


def test_a_section_is_replaced_where_it_is_and_everything_else_stays() -> None:
    assert with_section(TEXT, "Cost", "new\n\nlines") == TEXT.replace("old", "new\n\nlines")
    assert with_section(with_section(TEXT, "Cost", "new"), "Cost", "old") == TEXT


def test_a_section_that_is_new_comes_last() -> None:
    assert with_section(TEXT, "Time", "1 s") == TEXT + "\n## Time\n\n1 s\n"
    assert with_section("# Benchmark: x\n", "Time", "1 s") == "# Benchmark: x\n\n## Time\n\n1 s\n"


def hours(days: int) -> Series:
    values = 1.0 + np.sin(np.arange(days * 24) * 2 * np.pi / 24)
    return Series(start_epoch_s=0, slot_s=3600, values_kw=values + np.random.default_rng(1).random(days * 24))


def test_a_training_gives_the_model_and_the_memory_of_the_worker() -> None:
    found = training(hours(14), "load")
    assert layout(model_file.from_text(found.model))[0] == 3600
    assert found.peak_mb >= found.idle_mb > 10.0 and found.seconds > 0.0


def test_a_training_that_fails_says_why() -> None:
    with pytest.raises(SystemExit, match="no model"):
        training(hours(2), "load")
