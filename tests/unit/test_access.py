"""Who may publish and read what: the rule, the access list that is made from it, and the commands that print it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.cli import main
from broker.io.mosquitto_acl import mosquitto_acl
from wire.access import OWN, broker_identity, grants
from wire.signing import client_id, key_from_seed
from wire.topics import BINARY, TABLE, batch_topic, bundle_topic, topic

COMMUNITY = "elm"
BROKER = broker_identity(COMMUNITY)
IDS = st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True)


def matches(pattern: str, name: str) -> bool:
    """MQTT 3.1.1, 4.7: + is any one level."""
    levels, given_levels = pattern.split("/"), name.split("/")
    return len(levels) == len(given_levels) and all(a in ("+", b) for a, b in zip(levels, given_levels, strict=True))


def allowed(acl: str, who: str, may: str, name: str) -> bool:
    """What Mosquitto decides on an access list, read from its text alone (mosquitto.conf(5), acl_file)."""
    user = None
    for line in acl.splitlines():
        match line.split():
            case ["user", named]:
                user = named
            case ["topic", access, pattern] if user == who and access == may and matches(pattern, name):
                return True
            case ["pattern", access, pattern] if access == may and matches(pattern.replace("%u", who), name):
                return True
            case ["topic" | "pattern", "read" | "write", _] | []:
                pass
            case words:
                assert words[0].startswith("#")
    return False


ACL = mosquitto_acl(COMMUNITY)


@settings(max_examples=20)
@given(IDS, IDS)
def test_a_member_writes_and_reads_for_itself_and_never_for_another(me: str, other: str) -> None:
    for rule in TABLE:
        mine, theirs = topic(rule.kind, COMMUNITY, me), topic(rule.kind, COMMUNITY, other)
        is_meters = rule.publisher == "meter"
        assert allowed(ACL, me, "write", mine) == is_meters
        assert allowed(ACL, BROKER, "write", theirs) == (not is_meters)
        if me != other and "{meter}" in rule.pattern:
            assert not allowed(ACL, me, "write", theirs)
            assert allowed(ACL, me, "read", theirs) == ("/shared/" in rule.pattern)


def test_everybody_reads_what_is_public_and_its_own_inbox_and_the_broker_reads_what_meters_send() -> None:
    for rule in TABLE:
        name = topic(rule.kind, COMMUNITY, "h1")
        is_for_the_broker, is_inbox = "/meter/" in rule.pattern, "/member/" in rule.pattern
        assert allowed(ACL, "h1", "read", name) == (not is_for_the_broker)
        assert allowed(ACL, BROKER, "read", name) == (not is_inbox)


def test_a_gateway_sends_batches_and_reads_bundles_of_its_own_only() -> None:
    assert allowed(ACL, "g1", "write", batch_topic(COMMUNITY, "g1"))
    assert allowed(ACL, "g1", "read", bundle_topic(COMMUNITY, "g1"))
    for may in ("read", "write"):
        assert not allowed(ACL, "g1", may, batch_topic(COMMUNITY, "g2"))
        assert not allowed(ACL, "g1", may, bundle_topic(COMMUNITY, "g2"))
    assert not allowed(ACL, "g1", "read", batch_topic(COMMUNITY, "g1"))
    assert len(BINARY) == 2


def test_no_member_can_have_the_name_of_the_operators_programs() -> None:
    named = {grant.who for grant in grants(COMMUNITY, driven=True) if grant.who is not None}
    assert named == {"broker.elm", "health.elm", "coordinator.elm"}
    assert all("." in who for who in named)


def test_nothing_outside_the_community_is_granted_but_the_servers_uptime() -> None:
    outside = {g.topic for g in grants(COMMUNITY) if not g.topic.startswith(f"hearthgrid/v1/{COMMUNITY}/")}
    assert outside == {"$SYS/broker/uptime"}
    assert all("#" not in grant.topic for grant in grants(COMMUNITY, driven=True))


def test_the_clock_of_demos_is_granted_only_when_asked_for() -> None:
    assert "/clock/" not in ACL
    driven = mosquitto_acl(COMMUNITY, driven=True)
    assert allowed(driven, "coordinator.elm", "write", "hearthgrid/v1/elm/clock/now")
    assert not allowed(driven, "h1", "write", "hearthgrid/v1/elm/clock/now")
    assert allowed(driven, "h1", "write", "hearthgrid/v1/elm/clock/done/h1")
    assert not allowed(driven, "h1", "write", "hearthgrid/v1/elm/clock/done/h2")


def test_the_command_prints_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["acl", COMMUNITY]) == 0
    assert capsys.readouterr().out == ACL
    assert OWN not in ACL


@pytest.mark.parametrize(("name", "told"), [("Elm Street", "a-z, 0-9"), ("x" * 60, "at most 57 characters")])
def test_a_community_that_no_certificate_can_name_is_refused(
    name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["acl", name]) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert not printed.out


def test_the_client_id_is_the_same_at_every_start_and_needs_the_secret_key() -> None:
    key, other = (key_from_seed(bytes([number]) * 32) for number in (1, 2))
    named = client_id(key, COMMUNITY, "h1")
    assert named == client_id(key_from_seed(bytes([1]) * 32), COMMUNITY, "h1")
    assert (
        len({named, client_id(other, COMMUNITY, "h1"), client_id(key, "oak", "h1"), client_id(key, COMMUNITY, "h2")})
        == 4
    )
    assert named.startswith("hearthgrid-elm-h1-")
    assert key.public_hex[:16] not in named
