"""`community-broker telemetry` of a community with a shared storage, against a real time series engine."""

from pathlib import Path

import pytest
from storage_rig import hour
from storage_state import config_with, used

from broker.cli import main
from tests.telemetry_servers import BUCKET, ORG, TOKEN, influx

WHERE = """[telemetry]
url = "{url}"
org = "{org}"
bucket = "{bucket}"
members = {members}
"""


def carry(folder: Path, url: str, *, members: str = "true") -> int:
    config_with(folder)
    (folder / "token").write_text(TOKEN + "\n")
    path = folder / "broker.toml"
    table = WHERE.format(url=url, org=ORG, bucket=BUCKET, members=members)
    path.write_text(path.read_text().replace("[telemetry]\n", table))
    return main(["telemetry", "--config", str(path), "--once"])


@pytest.mark.parametrize("members", ["true", "false"])
def test_the_storage_is_on_the_server_and_its_accounts_only_where_members_may_be_named(
    tmp_path: Path, members: str
) -> None:
    used(tmp_path, metered_wh=2_500)
    with influx(tmp_path / "influx") as server:
        assert carry(tmp_path, server.url, members=members) == 0
        query = 'SELECT "charge_wh", "flow_wh", "cut", "deviation_wh", "is_astray" FROM "shared_storage"'
        (told,) = server.ask(query)
        assert told["values"][0] == [hour(0).start_s, 2_700, 3_000, 2, -500, 1], "each slot once, settled"
        assert len({row[0] for row in told["values"]}) == len(told["values"])
        accounts = server.ask('SELECT first("level_wh") FROM "storage_account" GROUP BY "meter"')
        levels = {one["tags"]["meter"]: one["values"][0][1] for one in accounts}
        assert levels == ({"home-1": 900, "home-2": 1_800} if members == "true" else {})
