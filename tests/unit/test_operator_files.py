"""Acts of the operator as files: what is written while another is being worked off waits its turn."""

from pathlib import Path

from broker.io.operator_files import ActFile, OperatorFiles

NOW_S = 1_800_000_000


def test_an_act_written_while_its_predecessor_is_worked_off_is_taken_at_the_next_look(tmp_path: Path) -> None:
    commands, broker = OperatorFiles(tmp_path / "operator"), OperatorFiles(tmp_path / "operator")
    commands.write(ActFile(act="pause", reason="first"))
    (first,) = broker.waiting(NOW_S)
    commands.write(ActFile(act="pause", reason="second"))
    broker.taken(first, "refused for a test")
    (second,) = broker.waiting(NOW_S)
    assert (first.reason, second.reason) == ("first", "second")  # type: ignore[union-attr]
    broker.taken(second, None)
    assert not broker.are_waiting()
    assert list((tmp_path / "operator").iterdir()) == []


def test_a_file_that_is_no_act_becomes_a_refusal_and_asks_nothing(tmp_path: Path) -> None:
    for name, content in (("pause.json", b"[" * 5_000), ("resume.json", b"\xff"), ("revoke.x.json", b"{}")):
        (tmp_path / name).write_bytes(content)
    files = OperatorFiles(tmp_path)
    assert files.waiting(NOW_S) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pause.refused", "resume.refused", "revoke.x.refused"]
    assert all(path.read_text().strip() for path in tmp_path.iterdir())
