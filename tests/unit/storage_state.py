"""The records of a community that has used its shared storage for an hour, and its configuration, as files."""

from pathlib import Path

from market_rig import meter_key
from storage_rig import COMMUNITY, OWNER, Community, hour, request, storage

from broker.io.config import BrokerConfig
from broker.io.config_file import load
from broker.io.records_sqlite import SqliteRecords

CONFIG = f"""
community = "{COMMUNITY}"
state_dir = "state"
[tariff]
kind = "constant"
import_price_per_kwh = 0.3
export_price_per_kwh = 0.1
[telemetry]
token_file = "token"
"""
SHARES = {"home-1": 6_000, "home-2": 4_000}
STORAGE = f"""
[market]
slot_minutes = 60
[[market.stages]]
kind = "intraday"
[[market.stages]]
kind = "storage"
[storage]
meter = "home-{OWNER}"
capacity_kwh = 10
charge_kw = 3
discharge_kw = 2
charge_efficiency = 0.9
discharge_efficiency = 0.8
period_days = 1
allocation = "shares"
shares = {{home-1 = 6, home-2 = 4}}
"""
MEMBER = (
    '[[members]]\nmeter = "home-{n}"\npublic_key = "{key}"\nnameplate_import_w = 9000\nnameplate_export_w = 9000\n'
)
MEMBERS = "".join(MEMBER.format(n=n, key=meter_key(n).public_hex) for n in (1, 2, 3, OWNER))


def used(folder: Path, *, metered_wh: int | None) -> None:
    """An hour of the documentation: 2 and 4 kWh are asked, 3 fit. The storage's meter shows `metered_wh`.

    None: it shows nothing, and the storage is settled on an estimate.
    """
    (folder / "state").mkdir()
    records = SqliteRecords(folder / "state" / "records.db")
    community = Community(storage(allocation="shares", shares=SHARES), recorder=records)
    community.step(hour(0).start_s - 3_600)
    community.say(hour(0).start_s - 3_600, request(1, hour(0), 2_000), request(2, hour(0), 4_000))
    community.grants(hour(0))
    community.grants(hour(1))
    if metered_wh is None:
        community.numbers.remove(OWNER)
    community.metered(hour(0), {1: -1_000, 2: -2_500, OWNER: metered_wh or 0})
    community.step(hour(0).end_s + 3_600)
    records.close()


def config_with(folder: Path, table: str = STORAGE) -> BrokerConfig:
    (folder / "broker.toml").write_text(CONFIG.replace("[telemetry]", table + "[telemetry]") + MEMBERS)
    return load(folder / "broker.toml")
