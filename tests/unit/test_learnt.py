"""What an energy manager has learnt for its expectations survives a restart."""

import logging
from pathlib import Path

import numpy as np
import pytest

from hems.app.learnt import Learnt
from hems.control.history import History
from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.forecasting.series import DAY_S
from hems.io.edge_store import EdgeStore
from hems.metering.image import Stay
from hems.site.tariff import DailyPrices
from tests.fakes import idle, image

MONDAY_S, HOUR_S, DAYS = 1_704_067_200, 3600, 10


def outlook() -> LiveOutlook:
    return LiveOutlook(History(slot_minutes=60), DailyPrices(0.3, 0.08, (), "UTC"), timezone="UTC", slot_s=HOUR_S)


def lived(store: EdgeStore) -> LiveOutlook:
    """Ten days with an outdoor sensor and a car that comes every evening, stored as they pass."""
    live = outlook()
    learnt = Learnt(store, live, None)
    for hour in range(24 * DAYS + 8):
        at_s, of_day = MONDAY_S + HOUR_S * hour, hour % 24
        plugged = of_day >= 18 or (of_day < 7 and hour >= 24)
        stay = Stay(energy_needed_wh=9_000, departure_s=at_s + HOUR_S) if plugged else None
        seen = {"room": idle(outdoor_temp_c=float(of_day)), "car": idle(stay=stay)}
        sensed, changed = live.signals.learn(image(seen, at_s=at_s)), live.stays.learn(image(seen, at_s=at_s))
        live.outlook(at_s, at_s, 24)
        learnt.record(Actions(leases={}, sensed=sensed, cars_changed=changed))
    return live


def test_sensors_cars_and_paths_are_expected_after_a_restart_as_before(tmp_path: Path) -> None:
    store, now_s = EdgeStore(tmp_path / "ems.db"), MONDAY_S + DAYS * DAY_S + 8 * HOUR_S
    before = lived(store)
    store.close()
    store, after = EdgeStore(tmp_path / "ems.db"), outlook()
    Learnt(store, after, None).restore()
    store.close()
    one, two = (live.outlook(now_s, now_s, 24) for live in (before, after))
    assert one.stays["car"] == two.stays["car"] and len(one.stays["car"]) == 1
    for live in (one, two):  # the slot that was running when it ended is all that the restarted one lacks
        assert np.abs(live.signals["room.outdoor_temp_c"] - (8 + np.arange(24)) % 24).max() < 0.01
    assert len(after.issued.paths()) == len(before.issued.paths())


def test_sensor_rows_of_more_than_seven_months_ago_are_deleted(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "ems.db")
    store.add_signals([(MONDAY_S, "room.outdoor_temp_c", 4.0)])
    store.add_signals([(MONDAY_S + 212 * DAY_S, "room.outdoor_temp_c", 5.0)])
    assert store.rows("signals", "value", "slot_s") == [(5.0,)]
    store.close()


def test_a_broken_path_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, live = EdgeStore(tmp_path / "ems.db"), outlook()
    store.add_forecast(MONDAY_S, b"123")
    with caplog.at_level(logging.WARNING):
        Learnt(store, live, None).restore()
    store.close()
    assert live.issued.paths() == () and "is broken" in caplog.text
