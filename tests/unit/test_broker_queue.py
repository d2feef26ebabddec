"""The queues between MQTT and market: bounded, in order, and never dropping in silence."""

from broker.control.intake_queue import IntakeQueue, Tick
from broker.control.sender_share import SenderShares
from broker.control.service import Inbound
from broker.io.outbox import Outbox, Parcel
from wire.reasons import Reason


def queue(frames: int = 4, size: int = 1_000, per_meter: int = 3) -> IntakeQueue:
    return IntakeQueue(frames_max=frames, bytes_max=size, frames_per_meter_max=per_meter)


def item(kind: str, meter: str, text: bytes = b"x") -> Inbound:
    return Inbound(kind, meter, text)


def test_frames_leave_in_order_in_batches_that_end_at_a_tick() -> None:
    waiting = queue()
    frames = [item("order", f"home-{n}") for n in range(3)]
    waiting.offer(frames[0])
    waiting.offer(frames[1])
    waiting.tick(Tick(1, 100))
    waiting.offer(frames[2])
    assert waiting.take(10) == frames[:2]
    assert waiting.take(10) == Tick(1, 100)
    assert waiting.take(10) == frames[2:]
    assert waiting.take(10) is None
    assert len(waiting) == 0


def test_a_batch_is_no_larger_than_asked_for() -> None:
    waiting = queue()
    for n in range(4):
        waiting.offer(item("order", f"home-{n}"))
    assert [len(waiting.take(3) or []) for _ in range(2)] == [3, 1]


def test_when_full_the_oldest_plan_gives_way_and_its_sender_is_told() -> None:
    waiting = queue()
    plans = [item("plan", f"home-{n}") for n in range(4)]
    for plan in plans:
        assert waiting.offer(plan) == []
    ((lost, why),) = waiting.offer(item("order", "home-9"))
    assert (lost, why.code) == (plans[0], Reason.QUOTA_EXCEEDED)
    assert [i.kind for i in waiting.take(10) or [] if isinstance(i, Inbound)] == ["plan", "plan", "plan", "order"]


def test_when_full_of_orders_the_newcomer_is_refused() -> None:
    waiting = queue()
    for n in range(4):
        waiting.offer(item("order", f"home-{n}"))
    newcomer = item("order", "home-9")
    ((lost, why),) = waiting.offer(newcomer)
    assert (lost, why.code) == (newcomer, Reason.QUOTA_EXCEEDED)
    assert waiting.refused == 1


def test_bytes_are_bounded_as_well() -> None:
    waiting = queue(size=100)
    assert waiting.offer(item("order", "home-1", b"x" * 60)) == []
    assert len(waiting.offer(item("order", "home-2", b"x" * 60))) == 1
    waiting.take(10)
    assert waiting.offer(item("order", "home-2", b"x" * 60)) == []


def test_one_meter_cannot_take_the_queue() -> None:
    waiting = queue(frames=100)
    assert [len(waiting.offer(item("order", "home-1"))) for _ in range(5)] == [0, 0, 0, 1, 1]
    assert waiting.offer(item("order", "home-2")) == []


def test_while_there_is_room_every_plan_waits_for_its_answer() -> None:
    waiting = queue()
    plans = [item("plan", "home-1", text) for text in (b"old", b"new")]
    for plan in plans:
        assert waiting.offer(plan) == []
    assert waiting.take(10) == plans


def test_when_full_a_newer_plan_takes_the_place_of_its_own_meters_and_that_is_told() -> None:
    waiting = queue()
    for n in (2, 1, 3, 4):
        waiting.offer(item("plan", f"home-{n}", b"old"))
    ((lost, why),) = waiting.offer(item("plan", "home-1", b"new"))
    assert (lost, why.code) == (item("plan", "home-1", b"old"), Reason.QUOTA_EXCEEDED)
    left = waiting.take(10)
    assert left == [item("plan", f"home-{n}", b"old") for n in (2, 3, 4)] + [item("plan", "home-1", b"new")]
    assert waiting.offer(item("plan", "home-1", b"newest")) == []


def test_a_tick_can_be_taken_ahead_of_frames_that_have_no_time_yet() -> None:
    waiting = queue()
    waiting.offer(item("order", "home-1"))
    waiting.tick(Tick(0, 100))
    assert waiting.take_tick() == Tick(0, 100)
    assert waiting.take_tick() is None
    assert len(waiting) == 1


def test_a_sender_has_a_share_of_bytes_in_each_slot_and_takes_nothing_of_others() -> None:
    shares = SenderShares(bytes_max=100, slot_s=900)
    assert [shares.refused("home-1", 60, 9_000), shares.refused("home-1", 60, 9_100)] == [0, 1]
    assert shares.refused("home-1", 40, 9_899) == 0, "what still fits"
    assert shares.refused("home-1", 1, 9_899) == 2
    assert shares.refused("home-2", 100, 9_899) == 0
    assert shares.refused("home-1", 100, 9_900) == 0, "the next slot"


def parcel(name: str, *, private: bool) -> Parcel:
    return Parcel(name, b"x", 1, False, private)


def test_marks_fire_only_after_everything_before_them_has_left() -> None:
    box, fired = Outbox(10), []
    first, second = parcel("a", private=True), parcel("b", private=True)
    box.put(first)
    box.put_mark(lambda: fired.append("mark"))
    box.put(second)
    assert box.first(10) == [first]
    assert fired == []
    box.remove([first])
    assert box.first(10) == [second]
    assert fired == ["mark"]


def test_parcels_stay_until_they_are_removed_so_a_reconnect_sends_them_again() -> None:
    box = Outbox(10)
    box.put(parcel("a", private=True))
    assert box.first(10) == box.first(10) != []


def test_when_full_the_oldest_private_message_gives_way_never_a_public_one() -> None:
    box = Outbox(2)
    for name, private in (("public", False), ("one", True), ("two", True)):
        box.put(parcel(name, private=private))
    assert [p.topic for p in box.first(10)] == ["public", "two"]
    assert box.dropped == 1
