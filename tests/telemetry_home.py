"""A home that has recorded for a while, as its processes would have: for tests of what is carried from it."""

import json
from pathlib import Path

from hems.io.edge_store import EdgeStore
from telemetry.point_buffer import PointBuffer
from tests.telemetry_servers import BUCKET, ORG, TOKEN
from wire.telemetry import point
from wire.telemetry.house import Device

START_S = 1_790_000_100 // 900 * 900
HOME = """
[home]
meter = "h1"
state_dir = "state"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.30
export_price_per_kwh = 0.08
[market]
community = "elm"
broker_key = "abababababababababababababababababababababababababababababababab"
[telemetry]
url = "{url}"
org = "{org}"
bucket = "{bucket}"
token_file = "token"
points_per_s = 1000000
batch_points = {batch}
"""


def write_home(folder: Path, url: str, *, batch: int = 1_000, token: str = TOKEN) -> Path:
    """The path of a home's configuration that carries to a server."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(token + "\n")
    config = folder / "home.toml"
    config.write_text(HOME.format(url=url, org=ORG, bucket=BUCKET, batch=batch))
    return config


def record(folder: Path, readings: int, *, every_s: int = 10) -> None:
    """Records as many readings, and beside them slot means, decisions and device points."""
    state = folder / "state"
    meter, ems = EdgeStore(state / "meter.db"), EdgeStore(state / "ems.db")
    times = [START_S + every_s * k for k in range(readings)]
    meter.add("readings", [(at_s, 500 + k, 1_000 + k, 50, "good") for k, at_s in enumerate(times)])
    slots = sorted({at_s - at_s % 900 for at_s in times})
    ems.add("slot_means", [(slot_s, 0.4, 0.1) for slot_s in slots])
    reasons = ("plan", 1.5, "price_low", 0.2, 0.1, "Stores cheap energy.")
    ems.add("decisions", [(slot_s, "battery", slot_s, *reasons) for slot_s in slots])
    meter.close()
    ems.close()
    buffer = PointBuffer(state / "ems-telemetry.db")
    tags = {Device.site: "h1", Device.device: "battery", Device.kind: "battery"}
    for at_s in times:
        buffer.add([point(Device, at_s, tags, {Device.power_w: -400, Device.soc: 0.5})], at_s)
    buffer.close()


def counted(folder: Path) -> dict[str, int]:
    """The counters of the home's telemetry process."""
    counts: dict[str, int] = json.loads((folder / "state" / "telemetry.json").read_text())["counts"]
    return counts
