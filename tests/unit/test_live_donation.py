"""Energy donation live: roles from the TOML through the journal to settlements, and into corrections."""

from dataclasses import replace
from pathlib import Path

import pytest
from market_rig import START_S, TERMS, FakeJournal, enrolled, inbound, report, service, slot
from test_broker_config import CONSTANT, HEAD, findings

from broker.clearing.outcome import Role
from broker.control.service import MarketService
from broker.io.config_file import load
from broker.ledger.transfer import DONATIONS
from broker.market.events import NetworkAgreed
from broker.sharing.roles import roles_of, roles_text
from wire.messages import Settlement

DONATION = '[market]\nmechanism = "energy_donation"\n'
ROLES = {"home-1": Role(is_donor=True), "home-2": Role(rank=2), "home-3": Role(rank=1)}
GIVING = replace(TERMS, mechanism="energy_donation", solidarity_micro_per_kwh=50_000)


def member(number: int, role: str) -> str:
    keys = f'meter = "home-{number}"\npublic_key = "{number:064x}"\nnameplate_import_w = 1\nnameplate_export_w = 1\n'
    return f"[[members]]\n{keys}{role}\n"


MEMBERS = member(1, "donates = true") + member(2, "receives_rank = 2") + member(3, "receives_rank = 1")


def agreed(roles: dict[str, Role]) -> NetworkAgreed:
    return NetworkAgreed(at_s=START_S, network="", preferences="", roles=roles_text(roles))


def giving(roles: dict[str, Role], journal: FakeJournal | None = None) -> MarketService:
    market = service(journal, terms=GIVING)
    market.agree([enrolled(n) for n in (1, 2, 3, 4)], START_S, network=agreed(roles))
    market.step(START_S)
    market.step(slot(1).end_s)
    return market


def settled(market: MarketService, at_s: int, **net_wh: int) -> dict[str, dict[str, int]]:
    """Reports the net energies and settles; the energy of each line by meter and item (`of` in corrections)."""
    sent = [
        inbound(int(m[-1]), report(int(m[-1]), slot(1), (0, max(wh, 0)), (0, max(-wh, 0))))
        for m, wh in net_wh.items()
    ]
    market.handle(sent, at_s)
    found = [out.message for out in market.step(at_s) if isinstance(out.message, Settlement)]
    return {s.meter: {(line.of or line.item).value: line.energy_wh for line in s.lines} for s in found}


def test_roles_of_the_toml_are_agreed_on_and_the_price_is_a_term(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(HEAD + DONATION + "[settlement]\nsolidarity_micro_per_kwh = 50000\n" + CONSTANT + MEMBERS)
    config = load(path)
    assert roles_of(config.network_agreed(START_S).roles) == ROLES
    assert config.terms().solidarity_micro_per_kwh == 50_000


def test_who_receives_first_is_served_first_and_who_has_no_role_neither_gives_nor_gets() -> None:
    market = giving(ROLES)
    lines = settled(market, slot(1).end_s, home_1=-1_000, home_2=600, home_3=700, home_4=-500)
    assert lines == {
        "home-1": {"donation": -1_000},
        "home-2": {"donation": 300, "outside": 300},
        "home-3": {"donation": 700},
        "home-4": {"outside": -500},
    }
    assert market.market.accounts.balance(DONATIONS) == 0 == market.market.accounts.sum_nano()


def test_a_correction_keeps_the_roles_of_its_slot_and_a_replay_gives_the_same_accounts() -> None:
    journal = FakeJournal()
    market = giving(ROLES, journal)
    settled(market, slot(1).end_s, home_1=-1_000, home_2=600, home_4=0)
    first = settled(market, slot(1).end_s + GIVING.report_within_s)
    assert first["home-2"] == {"donation": 600} and first["home-1"] == {"donation": -600, "outside": -400}
    market.agree(
        [enrolled(n) for n in (1, 2, 3, 4)], slot(2).end_s, network=agreed({"home-4": Role(is_donor=True, rank=1)})
    )
    corrected = settled(market, slot(3).end_s, home_3=700)
    assert corrected["home-3"] == {"donation": 700}, "rank 1 of the time of the slot"
    assert corrected["home-2"] == {"donation": -300, "outside": 300}
    assert corrected["home-1"] == {"donation": -400, "outside": 400}
    assert market.market.accounts.balance(DONATIONS) == 0 == market.market.accounts.sum_nano()
    again = service(FakeJournal(journal.kept), terms=GIVING)
    names = [f"member:home-{n}" for n in (1, 2, 3, 4)]
    assert [again.market.accounts.balance(n) for n in names] == [market.market.accounts.balance(n) for n in names]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (member(1, "donates = true") + member(2, "receives_rank = 1"), "members: home-1 has a role, but nothing is"),
        ("[settlement]\nsolidarity_micro_per_kwh = 1\n", "settlement: solidarity_micro_per_kwh is set, but"),
        (DONATION + member(1, "donates = true"), "members: nobody receives: set receives_rank = 1"),
        (DONATION + member(1, "receives_rank = 1"), "members: nobody donates: set donates = true"),
        (DONATION + member(1, "receives_rank = 0"), "members[0].receives_rank: Input should be greater"),
        (DONATION + member(1, 'donates = "much"'), "members[0].donates: Input should be a valid boolean"),
        (DONATION + "[settlement]\nsolidarity_micro_per_kwh = -1\n", "settlement.solidarity_micro_per_kwh: Input"),
    ],
)
def test_roles_that_do_nothing_or_leave_a_side_empty_are_findings(tmp_path: Path, text: str, said: str) -> None:
    found = "\n".join(findings(tmp_path / "broker.toml", HEAD + text + CONSTANT))
    assert said in found
