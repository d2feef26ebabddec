"""The network and the preferences of a community: from its TOML through the journal to the rules of a slot."""

from pathlib import Path

import pytest
from market_rig import SECRET, START_S, TERMS, FakeJournal, enrolled, service, slot

from broker.clearing.preferences import Preference
from broker.io.config import BrokerConfig
from broker.io.config_file import ConfigError, load
from broker.market.events import NetworkAgreed, decode_event
from broker.market.market import Market
from broker.market.sessions.auction import slot_rules
from broker.network.grid import Envelope, Line

HEAD = 'community = "elm"\n[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.30\nexport_price_per_kwh = 0.10\n'
NETWORK = """
[network]
charge_per_kwh_and_distance = 0.01
loss_price_per_kwh = 0.20
zones = [{name = "north", meters = ["a"]}, {name = "south", meters = ["b"]}]
lines = [{from = "north", to = "south", capacity_w = 10_001}]
envelopes = [{meter = "a", export_limit_w = 5_000}]
distances = [{from = "north", to = "south", distance = 1.5, loss = 0.05}]
"""


def members(extra: str = "") -> str:
    rows = []
    for number, name in enumerate("ab"):
        rows.append(f'[[members]]\nmeter = "{name}"\npublic_key = "{number:064x}"\n')
        rows.append("nameplate_import_w = 1\nnameplate_export_w = 1\n")
    return "".join(rows) + extra


def loaded(path: Path, text: str) -> BrokerConfig:
    file = path / "broker.toml"
    file.write_text(text)
    return load(file)


def test_limits_in_watts_and_distances_become_the_rules_of_a_slot(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD + NETWORK + members('quality = "green"\npartners = ["a"]\n'))
    market = Market(TERMS, SECRET)
    market.apply(config.network_agreed(START_S))
    rules = slot_rules(slot(1), market.terms)
    assert rules.network is not None
    assert rules.network.lines == (Line("north", "south", 2_500),)  # 10,001 W over 15 min, rounded down
    assert rules.network.envelopes == {"a": Envelope(export_wh=1_250)}
    assert rules.network.zones == {"a": "north", "b": "south"}
    assert rules.network.charges == {("north", "south"): 25_000, ("south", "north"): 25_000}
    assert rules.network.losses == {("north", "south"): 50_000, ("south", "north"): 50_000}
    assert rules.preferences == {"b": Preference(quality="green", partners=frozenset("a"))}


def test_a_loss_is_whole_ppm_and_where_nothing_is_lost_the_text_is_what_it_always_was(tmp_path: Path) -> None:
    finer = loaded(tmp_path, HEAD + NETWORK.replace("loss = 0.05", "loss = 0.0123456789") + members())
    assert '"losses":[{"from":"north","ppm":12346,"to":"south"}' in finer.network_agreed(START_S).network
    none = loaded(tmp_path, HEAD + NETWORK.replace(", loss = 0.05", "") + members())
    assert "losses" not in none.network_agreed(START_S).network


def test_premiums_of_a_member_are_whole_micro(tmp_path: Path) -> None:
    premium = '[[members.premiums]]\nof = "green"\npremium_per_kwh = 0.02\n'
    event = loaded(tmp_path, HEAD + members(premium)).network_agreed(START_S)
    assert '"premiums":{"green":20000}' in event.preferences


def test_without_a_network_nothing_is_agreed_on(tmp_path: Path) -> None:
    event = loaded(tmp_path, HEAD + members()).network_agreed(START_S)
    assert (event.network, event.preferences) == ("", "")


def test_everything_that_does_not_fit_together_is_said_at_once(tmp_path: Path) -> None:
    text = NETWORK.replace('to = "south", capacity_w = 10_001', 'to = "west", capacity_w = 10_001')
    text = text.replace('meters = ["b"]', 'meters = ["a"]')
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, HEAD + text + members())
    found = "\n".join(caught.value.findings)
    assert "zones.meters a stands 2 times" in found
    assert "there is no zone 'west'" in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('meter = "a", export', 'meter = "z", export'), "'z' is no member"),
        (('meters = ["b"]', "meters = []"), "member 'b' is in no zone"),
        (("loss = 0.05", "loss = 1"), "network.distances[0].loss"),
        (("loss = 0.05", "loss = 0.9999995"), "network.distances[0].loss"),
        (("capacity_w = 10_001", "capacity_w = -1"), "network.lines[0].capacity_w"),
        (('to = "south", capacity', 'to = "north", capacity'), "join two zones"),
        (("loss_price", "los_price"), "network.los_price_per_kwh: is no known key"),
    ],
)
def test_a_wrong_network_is_named_with_its_remedy(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, HEAD + NETWORK.replace(*change) + members())
    assert said in "\n".join(caught.value.findings)


def test_a_network_is_journaled_when_it_changes_and_a_replay_ends_with_it() -> None:
    journal = FakeJournal()
    first, second = (NetworkAgreed(at_s=START_S, network=text, preferences="") for text in ("", "{}"))
    market = service(journal)
    market.agree([enrolled(1)], START_S, network=first)
    size = len(journal.kept)
    market.agree([enrolled(1)], START_S, network=second)
    market.agree([enrolled(1)], START_S, network=second)
    assert [decode_event(record) for record in journal.kept[size:]] == [second]
    assert service(FakeJournal(journal.kept)).market.terms.network == "{}"
