"""The shared storage in the broker's configuration: what it becomes, and what is said when it does not hold."""

from pathlib import Path

import pytest
from test_broker_config import CONSTANT, HEAD

from broker.io.config_file import ConfigError, load
from broker.market.storage_terms import storage_terms
from wire.messages import StageKind
from wire.slots import format_utc

STAGES = '[[market.stages]]\nkind = "intraday"\ngate_lead_s = 60\n[[market.stages]]\nkind = "storage"\n'
MEMBERS = "".join(
    f'[[members]]\nmeter = "{meter}"\npublic_key = "{digit * 64}"\n'
    "nameplate_import_w = 11000\nnameplate_export_w = 11000\n"
    for meter, digit in (("store", "1"), ("home-1", "2"))
)
STORAGE = '[storage]\nmeter = "store"\ncapacity_kwh = 40\ncharge_kw = 10\ndischarge_kw = 8.5\n'


def write(directory: Path, stages: str = STAGES, storage: str = STORAGE, members: str = MEMBERS) -> Path:
    path = directory / "broker.toml"
    path.write_text(HEAD + CONSTANT + stages + storage + members)
    return path


def findings(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return "\n".join(caught.value.findings)


def test_a_storage_becomes_a_part_of_the_terms(tmp_path: Path) -> None:
    keys = "charge_efficiency = 0.95\nstanding_loss_per_day = 0.01\nreserve_price_per_kwh = 0.2\nperiod_days = 1\n"
    terms = load(write(tmp_path, storage=STORAGE + keys + "first_period = 2026-11-30T00:00:00+01:00\n")).terms()
    agreed = storage_terms(str(terms.as_record()["storage"]))
    assert agreed is not None and agreed == terms.shared_storage
    assert (agreed.capacity_wh, agreed.charge_w, agreed.discharge_w) == (40_000, 10_000, 8_500)
    assert (agreed.charge_efficiency_ppm, agreed.standing_loss_per_day_ppm) == (950_000, 10_000)
    assert (agreed.reserve_price_micro, format_utc(agreed.first_period_s)) == (200_000, "2026-11-29T23:00:00Z")
    assert agreed.unit(900).charge_max == 2_500
    stage = terms.stage_of_kind(StageKind.STORAGE)
    assert stage is not None and (stage.gate_lead_s, stage.mechanism, stage.k_permille) == (
        300,
        "shared_storage",
        500,
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("charge_efficiency = 0\n", "storage.charge_efficiency"),
        ("capacity = 3\n", "storage.capacity: is no known key"),
        ('allocation = "shares"\n', "shares: are missing"),
        ("shares = {home-1 = 3}\n", 'shares: say nothing with allocation = "auction"'),
        ('allocation = "shares"\nshares = {home-1 = 41}\n', "shares: sum to more than capacity_kwh = 40"),
        ('allocation = "shares"\nshares = {store = 4}\n', "shares: store is the storage itself"),
        ('allocation = "reputation"\nreserve_price_per_kwh = 0.1\n', "reserve_price_per_kwh: says nothing"),
        ("decay = 0.5\n", "decay: says nothing"),
        ('allocation = "shares"\nshares = {home-7 = 4}\n', "storage.shares.home-7: home-7 is no member"),
        (
            "allocation_lead_s = 60\n",
            "storage.allocation_lead_s: 60 is after the gate of the first slot; use at least 300",
        ),
        ("first_period = 2026-11-30T00:07:00Z\n", "storage.first_period: begins no slot of 15 min"),
        ('[settlement]\nallocation = "first_in_first_out"\n', "settlement.allocation"),
    ],
)
def test_what_does_not_hold_is_said_with_key_and_remedy(tmp_path: Path, keys: str, said: str) -> None:
    assert said in findings(write(tmp_path, storage=STORAGE + keys))


@pytest.mark.parametrize(
    ("stages", "storage", "members", "said"),
    [
        ("", STORAGE, MEMBERS, 'add a [[market.stages]] of kind = "storage"'),
        (STAGES, "", MEMBERS, "a stage of kind storage stands there without [storage]"),
        (STAGES.replace("= 60", "= 300"), STORAGE, MEMBERS, "trading ends 300 s before"),
        (STAGES + "gate_lead_s = 90000\n", STORAGE, MEMBERS, "which opens 86400 s before"),
        (
            '[[market.stages]]\nkind = "day_ahead"\n[[market.stages]]\nkind = "storage"\n',
            STORAGE,
            MEMBERS,
            "add a stage of kind intraday",
        ),
        (STAGES, STORAGE, MEMBERS.replace("store", "other"), "storage.meter: store is no member"),
        (
            STAGES,
            STORAGE.replace("= 10", "= 12"),
            MEMBERS,
            "storage.charge_kw: 12 is more than store is connected for; use 11",
        ),
    ],
)
def test_what_does_not_hold_between_tables_is_said(
    tmp_path: Path, stages: str, storage: str, members: str, said: str
) -> None:
    assert said in findings(write(tmp_path, stages, storage, members))


def test_terms_of_a_newer_release_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown terms of the storage: colour"):
        storage_terms('{"colour":"blue"}')
