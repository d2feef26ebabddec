"""The broker on the machine's clock, and an MQTT server that comes late or goes away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Signal

from broker_rig import COMMUNITY, BrokerChild, Peer, command, free_port, mosquitto, write_config

from broker.commands.member_list import events_of
from broker.io.config_file import load
from broker.io.journal_sqlite import SqliteJournal
from broker.io.people import Person, people_of, remember
from broker.io.retention import DAY_S
from broker.io.state_dir import StateDir
from broker.market.events import (
    Event,
    MemberForgotten,
    MemberRevoked,
    Received,
    RecordsErased,
    TermsAgreed,
    encode_event,
)
from wire.messages import Calendar, Conditions, Hello, Rejection, ServiceStatus, Welcome
from wire.topics import topic

FLOOD = 300


def _system(directory: Path, port: int) -> Path:
    config = write_config(directory, port, meters=2)
    config.write_text(config.read_text().replace('"driven"', '"system"'))
    return config


@contextmanager
def heard(config: Path, port: int) -> Iterator[tuple[BrokerChild, Peer]]:
    """A broker that is not started yet, and a member that listens; both are gone afterwards."""
    broker, peer = BrokerChild(config), Peer(port)
    try:
        yield broker, peer
    finally:
        peer.close()
        broker.kill()


def test_on_the_system_clock_members_are_welcomed_and_conditions_are_known(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port, heard(_system(tmp_path, port), port) as (broker, peer):
        broker.start()
        peer.expect(ServiceStatus, state="online")
        peer.expect(Calendar)
        peer.expect(Conditions)
        peer.send(1, Hello(community=COMMUNITY, meter="home-1", software="t", sent_at="2027-01-15T08:00:00Z"))
        peer.expect(Welcome, "home-1")
        assert broker.stop() == 0
        peer.expect(ServiceStatus, state="offline")


def test_an_mqtt_server_that_is_not_there_is_said_once_and_waited_for(tmp_path: Path) -> None:
    port = free_port()
    broker = BrokerChild(_system(tmp_path, port))
    broker.start()
    try:
        deadline = time.monotonic() + 20
        while "trying again" not in broker.log() and time.monotonic() < deadline:
            assert broker.poll() is None
            Signal().wait(0.05)
        with mosquitto(tmp_path, port=port):
            peer = Peer(port)
            peer.expect(ServiceStatus, wait_s=40, state="online")
            peer.expect(Calendar)
            peer.close()
            assert broker.stop() == 0
    finally:
        broker.kill()
    assert broker.log().count("is not there") == 1
    assert broker.log().count("connected again") == 1
    assert "Traceback" not in broker.log()


def test_a_broker_that_is_stopped_as_soon_as_it_is_online_leaves_no_false_online_behind(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port, heard(_system(tmp_path, port), port) as (broker, peer):
        for _ in range(5):
            broker.start()
            peer.expect(ServiceStatus, state="online")
            assert broker.stop() == 0
            peer.expect(ServiceStatus, state="offline")


def test_when_the_broker_dies_its_last_will_says_offline(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_system(tmp_path, port)), Peer(port)
        try:
            broker.start()
            peer.expect(ServiceStatus, state="online")
            broker.kill()
            peer.expect(ServiceStatus, state="offline")
        finally:
            peer.close()


def test_a_member_that_sends_too_much_is_refused_unread_and_does_not_fill_the_journal(tmp_path: Path) -> None:
    config = _system(tmp_path, 0)
    config.write_text(config.read_text() + "[queue]\nkilobytes_per_slot_max = 100\n")
    with mosquitto(tmp_path) as port:
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        with heard(config, port) as (broker, peer):
            broker.start()
            peer.expect(ServiceStatus, state="online")
            for _ in range(FLOOD):
                peer.raw(topic("order", COMMUNITY, "home-1"), b"x" * 10_000)
            for _ in range(FLOOD):
                peer.expect(Rejection, "home-1")
            peer.send(2, Hello(community=COMMUNITY, meter="home-2", software="t", sent_at="2027-01-15T08:00:00Z"))
            peer.expect(Welcome, "home-2")
            assert broker.stop() == 0
    assert "meter=home-1 has used its share" in broker.log()
    assert (tmp_path / "state" / "journal.db").stat().st_size < FLOOD * 10_000 / 4


def test_frames_that_wait_are_stored_together_so_that_a_flood_does_not_keep_others_waiting(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port, heard(_system(tmp_path, port), port) as (broker, peer):
        broker.start()
        peer.expect(ServiceStatus, state="online")
        assert broker.stop() == 0
        for number in range(FLOOD):
            peer.raw(topic("order", COMMUNITY, "home-1"), b"junk %d" % number)
        peer.send(2, Hello(community=COMMUNITY, meter="home-2", software="t", sent_at="2027-01-15T08:00:00Z"))
        broker.start("before", str(FLOOD // 4))  # would die at so many writes
        peer.expect(Welcome, "home-2")
        assert broker.poll() is None


def test_who_a_member_was_is_erased_a_time_after_it_was_revoked_and_nobody_else(tmp_path: Path) -> None:
    now_s = int(time.time())
    state = StateDir(tmp_path / "state")
    state.create()
    for number in (1, 2, 3):
        remember(state.people, f"home-{number}", Person(name=f"Person {number}"))
    with mosquitto(tmp_path) as port:
        config = write_config(tmp_path, port, meters=3)
        config.write_text(config.read_text().replace('"driven"', '"system"') + "[privacy]\npeople_kept_days = 30\n")
        journal = SqliteJournal(state.journal)
        loaded = load(config)
        began_s = now_s - 90 * DAY_S
        asked: list[Event] = [TermsAgreed(at_s=began_s, terms=loaded.terms().as_record())]
        asked += loaded.enrolments(began_s)
        asked += [
            MemberRevoked(at_s=now_s - days * DAY_S, meter=f"home-{number}", reason="moved", by="root")
            for number, days in ((1, 40), (2, 20))
        ]
        journal.append([encode_event(event) for event in asked])
        journal.close()
        with heard(config, port) as (broker, peer):
            broker.start()
            peer.expect(ServiceStatus, state="online")
            deadline = time.monotonic() + 30
            while "home-1" in people_of(state.people) and time.monotonic() < deadline:
                Signal().wait(0.1)
            assert people_of(state.people).keys() == {"home-2", "home-3"}
            while "member_forgotten" not in done_by(state) and time.monotonic() < deadline:
                Signal().wait(0.2)
            assert broker.stop() == 0
    assert done_by(state)["member_forgotten"] == ("home-1", "retention")


def _of_three_months_ago(state: StateDir, config: Path, frames: int) -> None:
    """A journal that began three months ago with some frames that nobody can read, and has gone on today."""
    now_s, loaded = int(time.time()), load(config)
    began_s = now_s - 90 * DAY_S
    asked: list[Event] = [TermsAgreed(at_s=began_s, terms=loaded.terms().as_record()), *loaded.enrolments(began_s)]
    asked += [
        Received(at_s=at_s, kind="hello", meter="home-1", frame=f"{word} {number}")
        for at_s, word in ((began_s, "ancient"), (now_s - 60, "recent"))
        for number in range(frames)
    ]
    state.create()
    journal = SqliteJournal(state.journal)
    journal.append([encode_event(event) for event in asked])
    journal.close()


def test_records_are_erased_when_they_are_older_than_the_community_keeps_them(tmp_path: Path) -> None:
    state, frames = StateDir(tmp_path / "state"), 3_000  # more than one piece
    with mosquitto(tmp_path) as port:
        config = _system(tmp_path, port)
        config.write_text(config.read_text() + "[privacy]\nrecords_kept_days = 30\n")
        _of_three_months_ago(state, config, frames)
        with heard(config, port) as (broker, peer):
            broker.start()
            peer.expect(ServiceStatus, state="online")
            deadline = time.monotonic() + 60
            while b"ancient 2999" in state.journal.read_bytes() and time.monotonic() < deadline:
                assert broker.poll() is None, broker.log()[-2_000:]
                Signal().wait(0.2)
            peer.send(1, Hello(community=COMMUNITY, meter="home-1", software="t", sent_at="2027-01-15T08:00:00Z"))
            peer.expect(Welcome, "home-1")
            assert broker.stop() == 0
        held = b"".join(path.read_bytes() for path in state.root.rglob("*") if path.is_file())
        assert b"ancient 0" not in held and b"ancient 2999" not in held and b"recent 2999" in held
        ((_, erased),) = events_of(state, frozenset({"records_erased"}))
        assert isinstance(erased, RecordsErased)
        assert (erased.by, erased.records) == ("retention", 3 + frames)
        assert "Traceback" not in broker.log()
        with heard(config, port) as (broker, peer):
            broker.start()
            peer.send(2, Hello(community=COMMUNITY, meter="home-2", software="t", sent_at="2027-01-15T08:00:00Z"))
            peer.expect(Welcome, "home-2")
            assert broker.stop() == 0
    assert command("replay", str(state.root))[0] == 0


def done_by(state: StateDir) -> dict[str, tuple[str, str]]:
    """What was done with whom, and by whom, the newest of each kind."""
    found = [event for _, event in events_of(state, frozenset({"member_forgotten"}))]
    return {event.type: (event.meter, event.by) for event in found if isinstance(event, MemberForgotten)}
