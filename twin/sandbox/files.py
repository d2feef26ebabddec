"""The files of a sandbox: the broker's configuration, and the keys of the members that are for whoever comes."""

import hashlib
import json
from pathlib import Path

from wire.signing import SigningKey, key_from_seed

COMMUNITY = "sandbox"
BUYER, SELLER = "partner-buys", "partner-sells"
GUESTS = ("test-1", "test-2")
NAMEPLATE_W = 11_000
RETAIL, FEED_IN = 0.32, 0.08


def seed_of(meter: str) -> bytes:
    """The seed of a member's key: known to everybody, a sandbox guards nothing."""
    return hashlib.sha256(f"hearthgrid-sandbox/{meter}".encode()).digest()


def key_of(meter: str) -> SigningKey:
    """The key of a member."""
    return key_from_seed(seed_of(meter))


def write_keys(folder: Path) -> Path:
    """The keys of the guests as `hems tck broker --members` reads them."""
    path = folder / "keys.json"
    rows = [{"meter": meter, "seed": seed_of(meter).hex()} for meter in GUESTS]
    path.write_text(json.dumps({"members": rows}, indent=1) + "\n", "utf-8")
    return path


def write_broker(folder: Path, port: int, *, slot_minutes: int) -> Path:
    """The broker's configuration; its state lies beside it."""
    members = "".join(
        f"""[[members]]
meter = "{meter}"
public_key = "{key_of(meter).public_hex}"
nameplate_import_w = {NAMEPLATE_W}
nameplate_export_w = {NAMEPLATE_W}
"""
        for meter in (BUYER, SELLER, *GUESTS)
    )
    text = f"""community = "{COMMUNITY}"
[market]
slot_minutes = {slot_minutes}
group_min = 2
report_within_s = {60 * slot_minutes}
[[market.stages]]
kind = "bilateral"
gate_lead_s = 120
[[market.stages]]
kind = "intraday"
gate_lead_s = 60
horizon_slots = 12
[[market.stages]]
kind = "balancing"
[mqtt]
port = {port}
[clock]
mode = "driven"
[tariff]
kind = "constant"
import_price_per_kwh = {RETAIL}
export_price_per_kwh = {FEED_IN}
{members}"""
    path = folder / "broker.toml"
    path.write_text(text, "utf-8")
    return path
