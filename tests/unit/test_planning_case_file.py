"""Case files are refused with every finding, each naming file, place, what is wrong and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from hems.commands.plan import main
from hems.io.case_file import case_from_text, read_case
from hems.site.finding import CaseError
from tests.unit.planning_examples import battery, car, document


def findings(text: str) -> list[str]:
    with pytest.raises(CaseError) as refused:
        case_from_text(text, "case.json")
    lines = str(refused.value).split("\n")
    assert all(line.startswith("case.json: ") for line in lines)
    return [line.removeprefix("case.json: ") for line in lines]


def of(made: dict[str, Any]) -> list[str]:
    return findings(json.dumps(made))


def test_a_good_case_is_read_and_null_means_absent() -> None:
    case = case_from_text(json.dumps(document(battery(soc_final_min=None), car())), "case.json")
    assert case.slots == 4
    assert [device.id for device in case.devices] == ["battery", "car"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_not_json_numbers_are_refused(word: str) -> None:
    text = json.dumps(document()).replace('"base_load_kw": 1.0', f'"base_load_kw": {word}')
    assert any(word in line for line in findings(text))


def test_a_number_too_large_for_a_float_is_refused() -> None:
    text = json.dumps(document()).replace('"base_load_kw": 1.0', '"base_load_kw": 1e999')
    assert findings(text)[0].startswith("base_load_kw: ")


def test_percent_instead_of_a_fraction_is_named_with_its_remedy() -> None:
    lines = of(document(battery(soc_initial=40)))
    assert lines == ["devices[0].soc_initial: 40 is above 1; give a fraction between 0 and 1 (0.8 for 80 %)"]


def test_all_findings_come_at_once() -> None:
    made = document(battery(soc_max=1.2), battery(colour="red"), {"id": "x", "kind": "windmill"}, slots=3)
    made["start"] = "2026-06-14T22:00:00"
    made["tariff"]["import_price_per_kwh"] = [0.1, 0.2]
    del made["base_load_kw"]
    places = [line.split(":")[0] for line in of(made)]
    wanted = {"devices[0].soc_max", "devices[1].colour", "devices[2].kind", "devices[1].id", "start"}
    assert set(places) == wanted | {"tariff.import_price_per_kwh", "base_load_kw"}


def test_a_misspelt_key_gets_the_nearest_one() -> None:
    assert "did you mean soc_initial?" in " ".join(of(document(battery(soc_inital=0.4))))


def test_a_list_of_the_wrong_length_says_both_lengths() -> None:
    line = of(document(slots=4, base_load_kw=[1.0, 2.0]))[0]
    assert line.startswith("base_load_kw: has 2 values, the case has 4 slots")


def test_one_bad_value_in_a_list_is_named_by_its_index() -> None:
    assert of(document(base_load_kw=[1.0, "two", 1.0, 1.0]))[0].startswith(
        "base_load_kw[1]: 'two' is not allowed here"
    )


def test_negative_base_load_is_refused() -> None:
    assert of(document(base_load_kw=-0.5))[0].startswith("base_load_kw: -0.5 is below 0")


def test_a_departure_before_the_arrival_and_overlapping_stays_are_refused() -> None:
    stay = {"arrival_slot": 2, "departure_slot": 2, "soc_arrival": 0.5}
    assert "devices[0].sessions[0].departure_slot" in of(document(car(sessions=[stay])))[0]
    first, second = {**stay, "arrival_slot": 0}, {**stay, "arrival_slot": 1, "departure_slot": 3}
    assert "sessions[1].arrival_slot: 1 lies in sessions[0]" in of(document(car(sessions=[first, second])))[0]


def test_duplicate_ids_and_keys_are_refused() -> None:
    assert "devices[1].id: 'battery' is already the id of devices[0]" in of(document(battery(), battery()))[0]
    text = json.dumps(document()).replace('"slots": 4', '"slots": 4, "slots": 5')
    assert findings(text) == ["slots: is given twice in one object; keep one of them"]


def test_too_many_slots_are_refused_before_anything_else() -> None:
    assert of(document(battery(soc_max=2), slots=20_161)) == ["slots: 20161 is above 20160; plan a shorter horizon"]


@pytest.mark.parametrize("start", ["2026-06-14T22:00:00", "yesterday", "2026-06-14"])
def test_a_time_without_zone_is_refused(start: str) -> None:
    assert of({**document(), "start": start})[0].startswith("start: ")


@pytest.mark.parametrize(
    ("device", "place"),
    [
        ({"kind": "appliance"}, "profile_kw"),
        ({"kind": "appliance", "profile_kw": [1.0], "block_kw": 1.0, "slots_required": 1}, "profile_kw"),
        ({"kind": "appliance", "block_kw": 1.0}, "slots_required"),
        ({"kind": "appliance", "block_kw": 1.0, "slots_required": 2, "min_run_slots": 3}, "min_run_slots"),
        ({"kind": "appliance", "profile_kw": [1.0, 1.0], "running_since_slots": 2}, "running_since_slots"),
        ({"kind": "appliance", "block_kw": 1.0, "slots_required": 2, "slots_done": 2}, "slots_done"),
    ],
)
def test_appliances_that_contradict_themselves_are_refused(device: dict[str, Any], place: str) -> None:
    assert of(document({"id": "a", **device}))[0].startswith(f"devices[0].{place}: ")


def test_minimum_times_need_a_minimum_power() -> None:
    chp = {"id": "c", "kind": "chp", "electric_kw_max": 1.0, "electrical_efficiency": 0.3, "fuel_price_per_kwh": 0.1}
    assert "min_on_slots" in of(document({**chp, "min_on_slots": 3}))[0]
    assert "feeds: 'nothing' is not the id" in of(document({**chp, "feeds": "nothing"}))[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_what_is_not_an_object_is_refused(text: str) -> None:
    assert "whole file" in findings(text)[0]


def test_a_missing_file_and_one_that_is_not_text_are_findings(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be read"):
        read_case(str(tmp_path / "none.json"))
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CaseError, match="not UTF-8"):
        read_case(str(tmp_path / "bytes.json"))


def test_command_writes_nothing_and_exits_2_on_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, plan = tmp_path / "case.json", tmp_path / "plan.json"
    case.write_text(json.dumps(document(battery(soc_max=1.2))), encoding="utf-8")
    assert main([str(case), "--output", str(plan)]) == 2
    assert list(tmp_path.iterdir()) == [case]
    assert f"{case}: devices[0].soc_max" in capsys.readouterr().err


def test_command_writes_the_plan_and_prints_json_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, plan = tmp_path / "case.json", tmp_path / "plan.json"
    case.write_text(json.dumps(document(battery())), encoding="utf-8")
    assert main([str(case), "--output", str(plan), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objective"] == json.loads(plan.read_text())["objective"]


@pytest.mark.parametrize("option", [["--gap", "2"], ["--gap", "x"], ["--time-limit-s", "0"], ["--colour", "red"]])
def test_command_refuses_bad_options_with_exit_2(option: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["case.json", *option])
    assert stopped.value.code == 2
