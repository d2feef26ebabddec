"""Statements of a state directory: every form, sums that are the ledger's to the last unit, a page that prints."""

import csv
import io
import json
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from settled_state import settled_state
from test_regulation import profile

from broker.cli import main
from broker.control.service import MarketService
from broker.io.state_dir import StateDir
from broker.io.statement_page import ranges
from broker.io.verification import verify
from broker.ledger.transfer import account


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MarketService]:
    root = tmp_path_factory.mktemp("community")
    regulation = profile("austria-2025-local-community.toml", root)
    return root / "state", settled_state(root / "state", regulation, hours=72)


def said(capsys: pytest.CaptureFixture[str], state: Path, *more: str) -> str:
    assert main(["statement", str(state), "--meter", "home-1", *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("meter", ["home-1", "home-2", "home-3"])
def test_every_form_sums_to_the_ledger_to_the_last_unit(
    meter: str, community: tuple[Path, MarketService], capsys: pytest.CaptureFixture[str]
) -> None:
    state, service = community
    owed = -service.market.accounts.balance(account(meter))
    assert main(["statement", str(state), "--meter", meter, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert int(found["total_nano"]) == owed
    for key in ("lines", "items", "days"):
        assert sum(int(row["amount_nano"]) for row in found[key]) == owed
    assert main(["statement", str(state), "--meter", meter, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(int(row["amount_nano"]) for row in rows) == owed
    assert main(["statement", str(state), "--meter", meter, "--html"]) == 0
    whole, nano = divmod(abs(owed), 10**9)
    assert f"{'−' if owed < 0 else ''}{whole:,}.{nano:09d}" in capsys.readouterr().out


def test_the_days_statements_add_up_to_the_whole(
    community: tuple[Path, MarketService], capsys: pytest.CaptureFixture[str]
) -> None:
    state, _ = community
    whole = json.loads(said(capsys, state, "--json"))
    bounds = ["2025-05-30", "2025-05-31", "2025-06-01", "2025-06-02"]
    parts = [json.loads(said(capsys, state, "--json", "--from", a, "--to", b)) for a, b in pairwise(bounds)]
    for key in ("total_nano", "slots", "bought_wh", "sold_wh", "metered_wh", "drawn_wh", "fed_in_wh"):
        assert sum(int(part[key]) for part in parts) == int(whole[key])


def test_the_statement_names_estimates_corrections_taxes_and_fees(
    community: tuple[Path, MarketService], capsys: pytest.CaptureFixture[str]
) -> None:
    """home-1 reports 07, 08 and 09 h late every day; 08 h of the last day never: it stays an estimate."""
    state, _ = community
    found = json.loads(said(capsys, state, "--json"))
    assert found["estimated"] == ["2025-06-01T08:00:00Z"]
    hours = [f"2025-{day}T0{h}:00:00Z" for day in ("05-30", "05-31", "06-01") for h in (7, 8, 9)]
    assert set(found["corrected"]) <= {*hours} | {slot for slot in found["corrected"] if slot not in hours}
    assert {*hours} <= {*found["corrected"]}
    (tax,) = found["taxes"]
    assert tax["label"] == "USt 20 %"
    of_tax = [line for line in found["lines"] if line["base_nano"] is not None]
    assert int(tax["base_nano"]) == sum(int(line["base_nano"]) for line in of_tax)
    # May ends at 22:00 UTC in Vienna: the two twelfths are on the slot before.
    fees = {
        (line["slot"], line["label"]): int(line["amount_nano"]) for line in found["lines"] if "twelfth" in str(line)
    }
    assert fees == {
        ("2025-05-31T21:00:00Z", "Erneuerbaren-Förderpauschale, a twelfth of 19.02"): 1_585_000_000,
        ("2025-05-31T21:00:00Z", "Erneuerbaren-Förderbeitrag je Zählpunkt, a twelfth of 4.695"): 391_250_000,
    }
    text = said(capsys, state)
    for part in (
        "network_charge Netznutzungsentgelt Arbeit, local -57 %",
        "USt 20 %: ",
        "corrected: ",
        "estimated, ",
    ):
        assert part in text


class Page(HTMLParser):
    """Collects what a page would fetch, and checks that its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {k}" for k, _ in attrs if k in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(
    community: tuple[Path, MarketService], capsys: pytest.CaptureFixture[str]
) -> None:
    state, _ = community
    text = said(capsys, state, "--html", "--from", "2025-05-30", "--to", "2025-06-02")
    page = Page()
    page.feed(text)
    assert (page.fetched, page.open) == ([], [])
    assert "url(" not in text
    for part in (
        "from 2025-05-30 before 2025-06-02",
        "Corrected slots",
        "Estimated slots: 1",
        "2025-06-01 08:00 to 09:00",
    ):
        assert part in text


def test_neighbouring_slots_are_named_as_one_range() -> None:
    slots = ("2025-06-01T22:00:00Z", "2025-06-01T23:00:00Z", "2025-06-02T08:00:00Z")
    assert ranges(slots, 60) == ["2025-06-01 22:00 to 2025-06-02 00:00", "2025-06-02 08:00 to 09:00"]


def test_the_records_replay_with_corrections_and_fees(community: tuple[Path, MarketService]) -> None:
    state, service = community
    found = verify(StateDir(state))
    assert found.difference is None
    assert found.ledger_sum_nano == 0
    assert found.log_head == service.market.log.head()
