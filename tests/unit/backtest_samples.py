"""Files of measurements made for tests: homes with a daily rhythm, seeded noise and whatever is wrong with them."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wire.slots import format_utc

START_S = 1_488_326_400  # 2017-03-01T00:00:00Z; Los Angeles changes its clock on 12 March
HOUR_S = 3600
ZONE = "America/Los_Angeles"


def home_kw(days: int, seed: int, slot_s: int = HOUR_S) -> npt.NDArray[np.float64]:
    """Load of a home: low at night, an evening peak, noise that is never negative."""
    n = days * 86_400 // slot_s
    hour = np.arange(n) * slot_s / 3600 % 24
    shape = 0.3 + 0.8 * np.exp(-(((hour - 3) % 24 - 12) ** 2) / 20)
    return np.asarray(shape * np.random.default_rng(seed).gamma(6.0, 1 / 6.0, n))


def rows_of(name: str, values: Iterable[float], slot_s: int = HOUR_S, start_s: int = START_S) -> list[str]:
    """Rows of a file; NaN gives an empty cell."""
    return [
        f"{format_utc(start_s + k * slot_s)},{name},{'' if np.isnan(value) else f'{value:.5f}'}"
        for k, value in enumerate(values)
    ]


def write_rows(path: Path, rows: Iterable[str], header: str = "time_utc,household_id,load_kw") -> Path:
    """The file, gzip when its name says so."""
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path
