"""One engine for all tests of this folder, filled once with the sample."""

from collections.abc import Iterator

import pytest
from filling import empty_engine, fill

from dashboards.review.engine import Engine
from dashboards.review.sample import sample


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A running InfluxDB 1.6 that holds the sample."""
    with empty_engine(tmp_path_factory.mktemp("influx")) as started:
        assert fill(started, sample()) > 40_000
        yield started
