"""The files of a demo: configuration of every process, price list, keys, and the homes' measured past."""

import csv
import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broker.market.storage_terms import PPM
from hems.control.history import SlotMeans
from hems.forecasting.series import Kind
from hems.forecasting.signals import RHYTHMS
from hems.forecasting.trained import Model
from hems.io.edge_store import EdgeStore
from hems.io.model_store import save_model
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, LightingUnit, PvUnit, Unit, ZoneUnit
from twin.demo import toml_text
from twin.demo.site import PV_PEAK_KW, device_ids
from twin.founding.plan import Influx
from twin.founding.texts import telemetry_table
from twin.home_page import page_table
from twin.neighbourhood.given import given
from twin.shared_storage import BID_PART, METER, SHARED_STORAGE, storage_terms
from twin.world import TwinHome, World
from wire.signing import SigningKey, key_from_seed
from wire.slots import format_utc

COMMUNITY = "demo"
GATE_LEAD_S = 60
HORIZON_SLOTS = 2
TICK_S = 60
NAMEPLATE_W = 60_000
CURRENCY = "EUR"  # of a world that names none
KIND_OF = {
    PvUnit: "pv",
    BatteryUnit: "battery",
    EvUnit: "ev",
    ZoneUnit: "zone",
    LightingUnit: "lighting",
    ApplianceUnit: "appliance",
}


def write_key(path: Path, seed: int, purpose: str) -> SigningKey:
    """A key that follows from the demo's seed, written as the processes keep theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = hashlib.sha256(f"hearthgrid-demo/{seed}/{purpose}".encode()).digest()
    path.write_text(secret.hex() + "\n")
    os.chmod(path, 0o600)  # noqa: PTH101
    return key_from_seed(secret)


def write_prices(path: Path, world: World) -> None:
    """The outside prices of the run as a CSV that broker and homes read."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time_utc", "import_price_per_kwh", "export_price_per_kwh"])
        for index in range(world.run_from, world.end + world.tariff_known_slots):
            retail, feed_in = world.prices_from(index, 1)
            rows.writerow([world.slot(index).label, round(float(retail[0]), 6), round(float(feed_in[0]), 6)])


def write_broker(
    folder: Path,
    world: World,
    port: int,
    seed: int,
    members: dict[str, SigningKey],
    *,
    mechanism: str,
    influx: Influx | None = None,
) -> Path:
    """The broker's configuration and keys; returns the path of its TOML."""
    state = folder / "broker"
    write_key(state / "broker.key", seed, "broker")
    write_key(state / "secret", seed, "secret")
    is_stored = mechanism == SHARED_STORAGE
    around = given(world, mechanism, seed)
    lines = [
        f'community = "{COMMUNITY}"',
        f'state_dir = "{state}"',
        "[market]",
        f'currency = "{world.currency or CURRENCY}"',
        f"slot_minutes = {world.first.minutes}",
        *([] if is_stored else _one_stage(mechanism)),
        f"group_min = {min(3, len(world.homes))}",
        "[mqtt]",
        f"port = {port}",
        "[clock]",
        'mode = "driven"',
        "[tariff]",
        'kind = "csv"',
        f'file = "{folder / "prices.csv"}"',
        *(_stored_stages(world) if is_stored else []),
        *telemetry_table(influx),
        *toml_text.network_table(around),
    ]
    for meter, key in members.items():
        lines += ["[[members]]", f'meter = "{meter}"', f'public_key = "{key.public_hex}"']
        lines += [f"nameplate_import_w = {NAMEPLATE_W}", f"nameplate_export_w = {NAMEPLATE_W}"]
        lines += toml_text.preference_keys(around, meter)
    path = folder / "broker.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _one_stage(mechanism: str) -> list[str]:
    return [f'mechanism = "{mechanism}"', f"gate_lead_s = {GATE_LEAD_S}", f"horizon_slots = {HORIZON_SLOTS}"]


def _stored_stages(world: World) -> list[str]:
    """The default auction beside a storage, which is told before the first home plans for a slot."""
    agreed, storage_lead_s = storage_terms(world), GATE_LEAD_S + 60 * (world.first.minutes - 1)
    return [
        "[[market.stages]]",
        'kind = "intraday"',
        f"gate_lead_s = {GATE_LEAD_S}",
        f"horizon_slots = {HORIZON_SLOTS}",
        "[[market.stages]]",
        'kind = "storage"',
        f"gate_lead_s = {storage_lead_s}",
        f"horizon_slots = {HORIZON_SLOTS}",
        "[storage]",
        f'meter = "{agreed.meter}"',
        f"capacity_kwh = {agreed.capacity_wh / 1000}",
        f"charge_kw = {agreed.charge_w / 1000}",
        f"discharge_kw = {agreed.discharge_w / 1000}",
        f"charge_efficiency = {agreed.charge_efficiency_ppm / PPM}",
        f"discharge_efficiency = {agreed.discharge_efficiency_ppm / PPM}",
        f"period_days = {agreed.period_days}",
        f"first_period = {format_utc(agreed.first_period_s)}",
        f"allocation_lead_s = {agreed.allocation_lead_s}",
    ]


def write_home(
    folder: Path,
    world: World,
    index: int,
    *,
    mqtt_port: int,
    modbus_port: int,
    broker_key: SigningKey,
    page_port: int | None = None,
    influx: Influx | None = None,
) -> Path:
    """One home's configuration, and its past in the energy manager's store; returns the path of its TOML.

    With `page_port` the home shows its page there, with `influx` it records for telemetry.
    """
    twin = world.homes[index]
    home, state = twin.home, folder / twin.name
    lines = [
        "[home]",
        f'meter = "{home.meter}"',
        f'timezone = "{home.timezone}"',
        f"slot_minutes = {home.slot_minutes}",
        f"import_limit_kw = {home.import_limit_kw}",
        f"export_limit_kw = {home.export_limit_kw}",
        f'state_dir = "{state}"',
        "[meter]",
        f"port = {modbus_port}",
        "[market]",
        f'community = "{COMMUNITY}"',
        f'broker_key = "{broker_key.public_hex}"',
        f"port = {mqtt_port}",
        *(["[market.storage]", f"bid_part = {BID_PART}"] if any(t.name == METER for t in world.homes) else []),
        "[tariff]",
        f'file = "{folder / "prices.csv"}"',
        "[control]",
        f"tick_s = {TICK_S}",
        f"plan_lead_s = {plan_lead_s(world, index)}",
        "futures = 0",  # as the schemes that it is compared with
        *([] if page_port is None else page_table(page_port, currency=world.currency or CURRENCY)),
        *telemetry_table(influx),
        "[clock]",
        'mode = "driven"',
    ]
    ids = device_ids(twin)
    for unit in home.units:
        lines += _device(unit, ids[unit.id])
    path = folder / f"{twin.name}.toml"
    path.write_text("\n".join(lines) + "\n")
    _write_past(state, world, twin)
    return path


def plan_lead_s(world: World, index: int) -> int:
    """How long before the gate a home plans [s]: two at a time, each pair on the path that the one before left."""
    pairs = -(-len(world.homes) // 2)
    turn = pairs - 1 - index // 2
    return 60 * (1 + turn % max(1, world.first.minutes - 3))


def _device(unit: Unit, device_id: int) -> list[str]:
    table: dict[str, Any] = {"kind": KIND_OF[type(unit)], "device_id": device_id, **asdict(unit)}
    if isinstance(unit, PvUnit):
        table["peak_kw"] = PV_PEAK_KW
        del table["curtailable"]  # follows from how it is read
    return ["[[device]]", *toml_text.keys(table)]


def _write_past(state: Path, world: World, twin: TwinHome) -> None:
    store = EdgeStore(state / "ems.db")
    first = world.first
    store.add_slot_means(
        SlotMeans(first.shifted(i), float(twin.load_kw[i]), float(twin.pv_kw[i])) for i in range(world.history_slots)
    )
    for name, values in twin.signals.items():
        if name.rpartition(".")[2] in RHYTHMS and world.history_slots:
            store.add_signals(
                [(first.shifted(i).start_s, name, float(values[i])) for i in range(world.history_slots)]
            )
    store.close()


def write_models(folder: Path, name: str, models: Mapping[Kind, Model]) -> None:
    """What a home has learned from its past in the night before the demo."""
    for kind, model in models.items():
        save_model(folder / name / "models", kind, model)
