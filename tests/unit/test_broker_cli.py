"""The offline commands: results on stdout, all findings at once on stderr, exit status 2 for bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.cli import COMMANDS, main
from broker.io.config_file import load
from broker.mechanisms.catalogue import MECHANISMS

CASES = json.loads((Path(__file__).parents[1] / "cases/market/uniform_price_k_double_auction.json").read_text())
FACTS = ("volume", "price", "price_interval", "accepted_bids", "accepted_offers", "welfare")
UNIFORM = "uniform_price_k_double_auction"


def clear(path: Path, document: object, *more: str) -> int:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return main(["clear", str(path), "--mechanism", UNIFORM, *more])


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda c: c["id"])
def test_published_uniform_price_cases_hold(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clear(tmp_path / "book.json", case["inputs"], "--json") == 0
    got = json.loads(capsys.readouterr().out)
    want = dict(case["expected"])
    for side in ("bids", "offers"):
        if f"pro_rata_{side}" in want:
            want[f"accepted_{side}"] = want.pop(f"pro_rata_{side}")
    for key in FACTS:
        if isinstance(want.get(key), dict):
            assert got[key] == pytest.approx({k: v for k, v in want[key].items() if v}, abs=1e-6)
        elif key in want and want[key] is None:
            assert got[key] is None
        elif key in want:
            assert got[key] == pytest.approx(want[key], abs=1e-6)


def test_steps_of_one_participant_add_up_and_long_numbers_stay_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """{"bids": [{"id": "a", "price": 0.30000000000000004, "qty": 1000.1234567890123},
    {"id": "a", "price": 0.25, "qty": 2}],
    "offers": [{"id": "s", "price": 0.1, "qty": 100000000000000000000}], "k": 1}"""
    assert clear(tmp_path / "book.json", text, "--json") == 0
    got = json.loads(capsys.readouterr().out)
    assert got["accepted_bids"] == {"a": 1002.1234567890123}
    assert got["price"] == 0.1


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", ["is not JSON"]),
        ("[]", ["is not a JSON object"]),
        ({}, ["bids: is missing", "offers: is missing"]),
        ({"bids": [], "offers": [], "k": 2}, ["k: 2"]),
        ('{"bids": [], "offers": [], "k": NaN}', ["k: NaN"]),
        (
            {"bids": [{"id": "a", "price": "1", "qty": -1}], "offers": [3]},
            ["bids[0].price", "bids[0].qty", "offers[0]"],
        ),
        ('{"bids": [{"id": "a", "price": 1e400, "qty": 1e-99}], "offers": []}', ["bids[0].price", "bids[0].qty"]),
    ],
)
def test_bad_books_are_refused_with_file_key_and_every_finding(
    document: object, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clear(tmp_path / "book.json", document) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    for word in words:
        assert word in shown.err
    assert all("book.json" in line for line in shown.err.splitlines())


def test_a_missing_file_and_an_unknown_mechanism_are_both_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clear", "none.json", "--mechanism", "lottery"]) == 2
    err = capsys.readouterr().err
    assert "none.json" in err
    assert UNIFORM in err


def test_mechanisms_are_listed_with_promises_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mechanisms", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(MECHANISMS)
    assert {"budget_balance", "individual_rationality", "truthfulness", "welfare", "source"} <= set(rows[0])
    assert main(["mechanisms"]) == 0
    assert UNIFORM in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("community-broker ")


@pytest.mark.parametrize("args", [["replay"], ["statement", "--meter", "m"], ["rounds"], ["members"]])
def test_a_directory_without_a_broker_is_bad_input(
    args: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([args[0], str(tmp_path), *args[1:]]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_member_is_added_only_to_a_configuration_that_stays_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broker.toml"
    tariff = '[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.3\nexport_price_per_kwh = 0.1\n'
    path.write_text('community = "elm"\n' + tariff)
    watts = ["--nameplate-import-w", "11000", "--nameplate-export-w", "0"]
    add = ["add-member", "--config", str(path), "--meter", "home-1", "--public-key", "ab" * 32, *watts]
    assert main(add) == 0
    assert main(["run", "--config", str(path), "--check"]) == 0
    good = path.read_text()
    assert main(add) == 2
    assert path.read_text() == good
    assert "more than once" in capsys.readouterr().err


def test_a_member_is_added_behind_its_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broker.toml"
    tariff = '[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.3\nexport_price_per_kwh = 0.1\n'
    path.write_text('community = "elm"\n' + tariff)
    watts = ["--nameplate-import-w", "11000", "--nameplate-export-w", "0"]
    add = ["add-member", "--config", str(path), "--public-key", "ab" * 32, *watts, "--meter", "home-1", "--gateway"]
    assert main([*add, "home-1"]) == 2
    assert "rename the gateway" in capsys.readouterr().err
    assert main([*add, "block-7"]) == 0
    (member,) = load(path).enrolments(0)
    assert (member.meter, member.gateway) == ("home-1", "block-7")
