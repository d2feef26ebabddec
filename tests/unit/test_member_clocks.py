"""The operator's doctor tells whose clock is off, by what members have signed; their orders count all the same."""

from pathlib import Path

import pytest
from market_rig import COMMUNITY, START_S, enrolled, inbound, meter_key, opened, order, slot

from broker.commands.doctor_checks.community_place import CommunityPlace, community_at
from broker.commands.doctor_checks.member_clocks import member_clocks
from broker.io.journal_sqlite import SqliteJournal
from broker.market.events import Event, Received, encode_event
from wire.codec import encode
from wire.messages import Hello, Receipt, Side
from wire.signing import seal
from wire.slots import format_utc

CONFIG = f"""community = "{COMMUNITY}"
state_dir = "state"
[market]
group_min = 2
[tariff]
kind = "constant"
import_price_per_kwh = 0.12
export_price_per_kwh = 0.04
"""


def hello(number: int, at_s: int, off_s: int, *, signed_by: int | None = None) -> Received:
    """What a member says when its clock is off; another one may say it in its name."""
    message = Hello(community=COMMUNITY, meter=f"home-{number}", software="x", sent_at=format_utc(at_s + off_s))
    frame = seal(meter_key(number if signed_by is None else signed_by), "hello", COMMUNITY, encode(message))
    return Received(at_s=at_s, kind="hello", meter=f"home-{number}", frame=frame.decode("latin-1"))


def community(base: Path, *events: Event) -> CommunityPlace:
    (base / "broker.toml").write_text(CONFIG)
    (base / "state").mkdir()
    journal = SqliteJournal(base / "state" / "journal.db")
    journal.append([encode_event(event) for event in (enrolled(1), enrolled(2), *events)])
    journal.close()
    return community_at(base / "broker.toml", START_S)


def test_a_clock_that_is_ahead_and_one_that_is_behind_are_named_with_what_to_do(tmp_path: Path) -> None:
    place = community(tmp_path, hello(1, START_S, 720), hello(2, START_S, -7_200))
    found = member_clocks(place)
    assert found.verdict == "warn"
    assert found.what == "by their last messages: home-1 about 12 min ahead, home-2 about 120 min behind"
    assert found.remedy is not None and "set the clock" in found.remedy


@pytest.mark.parametrize("off_s", [0, 120, -120])
def test_members_that_agree_are_counted_and_the_newest_message_of_each_counts(tmp_path: Path, off_s: int) -> None:
    place = community(tmp_path, hello(1, START_S, 86_400), hello(1, START_S + 60, off_s), hello(2, START_S, 0))
    assert member_clocks(place).what == "2 members agree to 120 s"


def test_what_another_one_says_in_the_name_of_a_member_counts_nothing(tmp_path: Path) -> None:
    place = community(tmp_path, hello(1, START_S, 5), hello(1, START_S + 9, 86_400, signed_by=2))
    assert member_clocks(place).what == "1 members agree to 120 s"


def test_without_a_journal_there_is_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "broker.toml").write_text(CONFIG)
    assert member_clocks(community_at(tmp_path / "broker.toml", START_S)).verdict == "skipped"


@pytest.mark.parametrize("off_s", [-86_400, 0, 86_400])
def test_an_order_for_an_open_slot_counts_whatever_its_date_and_its_receipt_tells_the_time(off_s: int) -> None:
    """Dated by the outage that it waited out, or by a clock that is ahead: it says which slot it is for."""
    broker = opened()
    dated = order(1, slot(2), (Side.BUY, 200_000, 500)).model_copy(update={"sent_at": format_utc(START_S + off_s)})
    (out,) = broker.handle([inbound(1, dated)], START_S + 30)
    assert isinstance(out.message, Receipt)
    assert out.message.received_at == format_utc(START_S + 30)
