"""Regulation profiles: every amount of the worked examples by hand, and what is wrong with a profile said at once."""

from pathlib import Path

import pytest

from broker.io.config import BrokerConfig
from broker.io.config_file import ConfigError, load
from broker.ledger.accounts import Accounts
from broker.ledger.transfer import NETWORK_OPERATOR, STATE, Transfer, account
from broker.settlement.charges import Metered, added, metered
from broker.settlement.imbalance import Penalty
from broker.settlement.regulation import NOTHING, Charge, Regulation, Tax, regulation_of
from broker.settlement.slot import Position, settle
from wire.messages import SettlementItem
from wire.slots import Slot, parse_utc

EXAMPLES = Path(__file__).parents[2] / "examples" / "regulation"
HEAD = 'community = "elm"\n[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.12\nexport_price_per_kwh = 0.04\n'
NOON = Slot(parse_utc("2025-06-02T10:00:00Z"), 15)


def profile(name: str, tmp_path: Path) -> Regulation:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + f'[regulation]\nfile = "{EXAMPLES / name}"\n')
    return load(path).agreed_regulation()


def member(meter: str, award_wh: int, metered_wh: int) -> Position:
    """Awards at 0.08 per kWh, outside 0.12 and 0.04."""
    return Position(
        meter=meter,
        award_wh=award_wh,
        award_nano=award_wh * 80_000,
        award_price_micro=80_000,
        metered_wh=metered_wh,
        retail_micro=120_000,
        feed_in_micro=40_000,
    )


def paid(regulation: Regulation, at: Slot = NOON, subscribers: tuple[str, ...] = ()) -> dict[str, int]:
    """What the buyer of 1 kWh inside and 0.5 kWh outside pays by label [nano]."""
    positions = [member("buyer", 1_000, 1_500), member("seller", -1_000, -1_000)]
    transfers = settle(positions).transfers
    return {
        t.label: t.amount_nano
        for t in added(positions, transfers, regulation, at, subscribers)
        if t.payer == account("buyer")
    }


def test_austria_2025_by_hand(tmp_path: Path) -> None:
    """1 kWh from the local community at 0.08, 0.5 kWh from outside at 0.12 EUR/kWh; all in nano-EUR.

    Network use 7.14 ct: outside 0.5 x 7.14 = 3.57 ct, local 1 x 7.14 x 0.43 = 3.0702 ct. Losses 0.57 ct: 1.5 x 0.57
    = 0.855 ct (not reduced). Support contribution 0.796 ct and electricity duty 1.5 ct on the outside half only:
    0.398 and 0.75 ct. VAT 20 % of outside 6 ct + 3.57 + 3.0702 + 0.855 + 0.398 + 0.75 = 14.6432 ct: 2.92864 ct.
    """
    assert paid(profile("austria-2025-local-community.toml", tmp_path)) == {
        "Netznutzungsentgelt Arbeit": 35_700_000,
        "Netznutzungsentgelt Arbeit, local -57 %": 30_702_000,
        "Netzverlustentgelt": 8_550_000,
        "Erneuerbaren-Förderbeitrag": 3_980_000,
        "Elektrizitätsabgabe": 7_500_000,
        "USt 20 %": 29_286_400,
    }


def test_germany_2025_by_hand(tmp_path: Path) -> None:
    """1 kWh from the community at 0.08, 0.5 kWh from outside at 0.12 EUR/kWh; all in nano-EUR.

    On 1.5 kWh: network 7.49 ct = 11.235, concession 1.32 = 1.98, KWKG 0.277 = 0.4155, offshore 0.816 = 1.224,
    special network use 1.558 = 2.337 ct. Electricity tax 2.05 ct on the outside half: 1.025 ct.
    VAT 19 % of 6 + 11.235 + 1.98 + 0.4155 + 1.224 + 2.337 + 1.025 = 24.2165 ct: 4.601135 ct.
    """
    assert paid(profile("germany-2025.toml", tmp_path)) == {
        "Netzentgelt Arbeitspreis": 112_350_000,
        "Konzessionsabgabe": 19_800_000,
        "KWKG-Umlage": 4_155_000,
        "Offshore-Netzumlage": 12_240_000,
        "Aufschlag für besondere Netznutzung": 23_370_000,
        "Stromsteuer": 10_250_000,
        "USt 19 %": 46_011_350,
    }


def test_subscriptions_are_posted_at_the_local_ends_of_days_and_months(tmp_path: Path) -> None:
    """By hand, on the last quarter hour of June in Berlin (21:45 UTC): 60 EUR/12 = 5.00, VAT 19 % on it."""
    regulation = profile("germany-2025.toml", tmp_path)
    last = Slot(parse_utc("2025-06-30T21:45:00Z"), 15)
    on_last = paid(regulation, last, ("buyer",))
    assert on_last["Netzentgelt Grundpreis"] == 5_000_000_000
    assert on_last["USt 19 %"] == 46_011_350 + 950_000_000
    for other in ("2025-06-30T21:30:00Z", "2025-06-30T23:45:00Z", "2025-06-29T21:45:00Z"):
        assert "Netzentgelt Grundpreis" not in paid(regulation, Slot(parse_utc(other), 15), ("buyer",))


@pytest.mark.parametrize("name", ["austria-2025-local-community.toml", "germany-2025.toml"])
def test_a_profile_is_the_same_after_the_journal_and_its_postings_sum_to_zero(name: str, tmp_path: Path) -> None:
    regulation = profile(name, tmp_path)
    assert regulation_of(regulation.text()) == regulation
    assert "2025" in regulation.name
    assert regulation.source
    positions = [member("buyer", 1_000, 1_500), member("seller", -1_000, -1_000)]
    transfers = list(settle(positions).transfers)
    charges = added(positions, transfers, regulation, NOON, ())
    accounts = Accounts()
    accounts.post([*transfers, *charges])
    assert accounts.sum_nano() == 0
    due = {NETWORK_OPERATOR: 0, STATE: 0}
    for t in charges:
        due[t.payee] += t.amount_nano
    assert {name: accounts.balance(name) for name in due} == due


def test_no_regulation_adds_nothing() -> None:
    assert paid(NOTHING) == {}
    assert regulation_of("") == NOTHING


BANDED = """
[regulation]
name = "bands"
valid_from = 2025-04-01
source = "test"
time_zone = "Europe/Vienna"
[[regulation.charges]]
item = "network_charge"
label = "use"
payee = "network_operator"
on = "drawn"
rate_per_kwh = 0.07
bands = [{ from = "10:00", to = "16:00", months = [4, 5, 6, 7, 8, 9], rate_per_kwh = 0.056 }]
[[regulation.charges]]
item = "incentive"
label = "premium"
payee = "state"
on = "fed_in_local"
rate_per_kwh = 0.01
"""


def test_bands_follow_local_time_and_incentives_are_received(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + BANDED)
    regulation = load(path).agreed_regulation()
    at = {
        "2025-06-02T08:00:00Z": 56,
        "2025-06-02T07:45:00Z": 70,
        "2025-06-02T13:45:00Z": 56,
        "2025-06-02T14:00:00Z": 70,
    }
    at["2025-01-02T10:00:00Z"] = 70
    for moment, micro in at.items():
        assert paid(regulation, Slot(parse_utc(moment), 15)) == {"use": 1_500 * micro * 1_000}
    positions = [member("buyer", 1_000, 1_500), member("seller", -1_000, -1_000)]
    lines = added(positions, settle(positions).transfers, regulation, NOON, ())
    assert [t.amount_nano for t in lines if t.item is SettlementItem.INCENTIVE] == [-1_000 * 10_000]


def test_rounding_is_half_even_per_line() -> None:
    """1 Wh at 0.5 and at 1.5 nano/Wh: 0.5 rounds to 0, 1.5 to 2."""

    def one(rate: int) -> list[int]:
        charge = Charge(item=SettlementItem.LEVY, label="x", payee=STATE, on="drawn", rate_nano_per_kwh=rate)
        positions = [member("buyer", 0, 1)]
        found = added(positions, settle(positions).transfers, Regulation(charges=(charge,)), NOON, ())
        return [t.amount_nano for t in found]

    assert (one(500), one(1_500), one(2_500)) == ([0], [2], [2])


def test_energy_that_the_community_bought_outside_is_local_for_nobody() -> None:
    """Two members draw 300 and 100 Wh inside, the community bought 200 of them outside: half is local."""

    def inside(meter: str, energy_wh: int) -> Transfer:
        return Transfer(
            item=SettlementItem.IMBALANCE,
            payer=account(meter) if energy_wh > 0 else "market",
            payee="market" if energy_wh > 0 else account(meter),
            energy_wh=abs(energy_wh),
            amount_nano=0,
            price_micro=0,
        )

    positions = [member("a", 0, 300), member("b", 0, 100), member("c", 0, -200)]
    transfers = [inside("a", 300), inside("b", 100), inside("c", -200)]
    assert metered(positions, transfers) == {
        "a": Metered(150, 150, 0, 0),
        "b": Metered(50, 50, 0, 0),
        "c": Metered(0, 0, 200, 0),
    }


def test_a_penalty_can_be_taxed_and_is_no_energy() -> None:
    """50 Wh more than bought, 20 per kWh: 1.0 of penalty, 10 % tax on it; 1,000 of 1,050 Wh stay local."""
    positions = [member("buyer", 1_000, 1_050), member("seller", -1_000, -1_000)]
    transfers = [*settle(positions).transfers, *Penalty(micro=20_000_000).transfers(positions)]
    tax = Tax(label="tax", payee=STATE, share=1_000, on=(SettlementItem.PENALTY,))
    (found,) = added(positions, transfers, Regulation(taxes=(tax,)), NOON, ())
    assert (found.payer, found.base_nano, found.amount_nano) == (account("buyer"), 10**9, 10**8)
    assert metered(positions, transfers)["buyer"] == Metered(1_000, 50, 0, 0)


def test_charges_are_on_what_the_meter_saw_not_on_what_was_traded() -> None:
    """Bought 500 Wh and drew 450: local 450, nothing from outside, nothing fed in."""
    positions = [member("buyer", 500, 450), member("seller", -500, -500)]
    assert metered(positions, settle(positions).transfers) == {
        "buyer": Metered(450, 0, 0, 0),
        "seller": Metered(0, 0, 500, 0),
    }


WRONG = """
[settlement]
imbalance = "three_price"
penalty_micro_per_kwh = -1
[regulation]
name = "x"
valid_from = "soon"
source = "test"
time_zone = "Europe/Wien"
colour = "red"
[[regulation.charges]]
item = "network_charge"
label = "use"
payee = "neighbour"
on = "drawn"
rate_per_kwh = -0.07
[[regulation.charges]]
item = "levy"
label = "bands"
payee = "state"
on = "drawn"
rate_per_kwh = 0.01
bands = [
  { from = "10:00", to = "16:00", rate_per_kwh = 0.02 },
  { from = "15:00", to = "00:00", days = "weekend", rate_per_kwh = 0.03 },
]
[[regulation.charges]]
item = "levy"
label = "midnight"
payee = "state"
on = "drawn"
rate_per_kwh = 0.01
bands = [{ from = "22:00", to = "06:00", rate_per_kwh = 0.02 }]
[[regulation.charges]]
item = "levy"
label = "decimals"
payee = "state"
on = "drawn"
rate_per_kwh = 0.0123456789
[[regulation.charges]]
item = "levy"
label = "reduced"
payee = "state"
on = "drawn_outside"
local_reduction_percent = 10
rate_per_kwh = 0.01
[[regulation.taxes]]
label = "VAT"
percent = 119
on = ["everything"]
"""


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + WRONG)
    with pytest.raises(ConfigError) as caught:
        load(path)
    found = "\n".join(caught.value.findings)
    for part in (
        "settlement.imbalance: there is no imbalance rule 'three_price': use one of two_price",
        "settlement.penalty_micro_per_kwh",
        "regulation.valid_from",
        "regulation.time_zone: there is no time zone 'Europe/Wien'",
        "regulation.colour: is no known key; remove it",
        "regulation.charges[0].payee",
        "regulation.charges[0].rate_per_kwh: -0.07 is negative",
        "regulation.charges[1]: bands[0] and bands[1] overlap",
        "regulation.charges[2].bands[0]: 22:00 to 06:00 is no time of one day: split",
        "regulation.charges[3].rate_per_kwh: 0.0123456789 has more than 9 decimals",
        "regulation.charges[4]: local_reduction_percent changes nothing",
        "regulation.taxes[0].percent",
        "regulation.taxes[0].on[0]",
    ):
        assert part in found, part


def test_a_file_with_findings_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('[regulation]\nname = "x"\n')
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + '[regulation]\nfile = "rules.toml"\n')
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert all(f"{tmp_path / 'rules.toml'}: regulation." in finding for finding in caught.value.findings)
    path.write_text(HEAD + '[regulation]\nfile = "none.toml"\n')
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load(path)
    path.write_text(HEAD + '[regulation]\nfile = "rules.toml"\nname = "y"\n')
    with pytest.raises(ConfigError, match="not both"):
        load(path)


def test_two_price_settings_without_two_prices_are_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + "[settlement]\nshort_adder_micro_per_kwh = 5\n")
    with pytest.raises(ConfigError, match="set that rule or remove them"):
        load(path)


def test_labels_stand_once(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + BANDED.replace('"premium"', '"use"'))
    with pytest.raises(ConfigError, match="label use stands more than once"):
        load(path)


def test_the_terms_take_the_settlement_table() -> None:
    config = BrokerConfig.model_validate(
        {
            "community": "elm",
            "tariff": {"kind": "constant", "import_price_per_kwh": 1, "export_price_per_kwh": 0},
            "settlement": {"imbalance": "two_price", "correct_within_s": 60},
        }
    )
    assert (config.terms().imbalance, config.terms().correct_within_s) == ("two_price", 60)


def test_the_tables_of_the_document_are_good(tmp_path: Path) -> None:
    text = (EXAMPLES.parents[1] / "docs" / "settlement.md").read_text("utf-8")
    path, found = tmp_path / "broker.toml", []
    for block in text.split("```"):
        if block.strip().startswith("[settlement]"):
            path.write_text(HEAD + block)
            terms = load(path).terms()
            found.append((terms.allocation, terms.penalty_micro_per_kwh, terms.penalty_tolerance_permille))
    assert found == [("as_traded", 20_000, 100), ("first_in_first_out", 20_000, 0)]
