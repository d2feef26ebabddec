"""The broker on the machine's clock, and an MQTT server that comes late or goes away."""

import time
from pathlib import Path
from threading import Event

from broker_rig import COMMUNITY, BrokerChild, Peer, free_port, mosquitto, write_config

from wire.messages import Calendar, Conditions, Hello, Rejection, ServiceStatus, Welcome
from wire.topics import topic

FLOOD = 300


def _system(directory: Path, port: int) -> Path:
    config = write_config(directory, port, meters=2)
    config.write_text(config.read_text().replace('"driven"', '"system"'))
    return config


def test_on_the_system_clock_members_are_welcomed_and_conditions_are_known(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_system(tmp_path, port)), Peer(port)
        try:
            broker.start()
            peer.expect(ServiceStatus, state="online")
            peer.expect(Calendar)
            peer.expect(Conditions)
            peer.send(1, Hello(community=COMMUNITY, meter="home-1", software="t", sent_at="2027-01-15T08:00:00Z"))
            peer.expect(Welcome, "home-1")
            assert broker.stop() == 0
            peer.expect(ServiceStatus, state="offline")
        finally:
            peer.close()
            broker.kill()


def test_an_mqtt_server_that_is_not_there_is_said_once_and_waited_for(tmp_path: Path) -> None:
    port = free_port()
    broker = BrokerChild(_system(tmp_path, port))
    broker.start()
    try:
        deadline = time.monotonic() + 20
        while "trying again" not in broker.log() and time.monotonic() < deadline:
            assert broker.poll() is None
            Event().wait(0.05)
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
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_system(tmp_path, port)), Peer(port)
        try:
            for _ in range(5):
                broker.start()
                peer.expect(ServiceStatus, state="online")
                assert broker.stop() == 0
                peer.expect(ServiceStatus, state="offline")
        finally:
            peer.close()
            broker.kill()


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
        broker, peer = BrokerChild(config), Peer(port)
        try:
            broker.start()
            peer.expect(ServiceStatus, state="online")
            for _ in range(FLOOD):
                peer.raw(topic("order", COMMUNITY, "home-1"), b"x" * 10_000)
            for _ in range(FLOOD):
                peer.expect(Rejection, "home-1")
            peer.send(2, Hello(community=COMMUNITY, meter="home-2", software="t", sent_at="2027-01-15T08:00:00Z"))
            peer.expect(Welcome, "home-2")
            assert broker.stop() == 0
        finally:
            peer.close()
            broker.kill()
    assert "meter=home-1 has used its share" in broker.log()
    assert (tmp_path / "state" / "journal.db").stat().st_size < FLOOD * 10_000 / 4


def test_frames_that_wait_are_stored_together_so_that_a_flood_does_not_keep_others_waiting(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        broker, peer = BrokerChild(_system(tmp_path, port)), Peer(port)
        try:
            broker.start()
            peer.expect(ServiceStatus, state="online")
            assert broker.stop() == 0
            for number in range(FLOOD):
                peer.raw(topic("order", COMMUNITY, "home-1"), b"junk %d" % number)
            peer.send(2, Hello(community=COMMUNITY, meter="home-2", software="t", sent_at="2027-01-15T08:00:00Z"))
            broker.start("before", str(FLOOD // 4))  # would die at so many writes
            peer.expect(Welcome, "home-2")
            assert broker.poll() is None
        finally:
            peer.close()
            broker.kill()
