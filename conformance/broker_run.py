"""A run against a broker under test: as two of its members and a stranger, from hello to a settled slot."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from conformance.broker_phases import after, blocks, calls, ground, rounds, trading
from conformance.identity import GATEWAY_ID, STRANGER, Member
from conformance.link import Link, LinkError, Server, linked
from conformance.market_clock import DrivenClock, FollowedClock, MarketClock, WallClock
from conformance.probes.desk import FIRST, GATEWAY, SECOND, SUSPENDED
from conformance.probes.desk import STRANGER as OUTSIDE
from conformance.recorder import Recorder
from conformance.stand import Stand
from conformance.transcript import STOPPED, Transcript
from wire.messages import Calendar
from wire.signing import key_from_seed
from wire.topics import bundle_topic, meter_inbox, public_inbox, witness_inbox

Hook = Callable[[], Awaitable[None]]


class NothingToTest(LinkError):
    """There is no broker, or nothing that it could be tested with; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOptions:
    """How a broker is tested.

    `driven_from_s` makes the kit the coordinator of a driven clock that starts then; None: the machine's clock.
    `follows` takes the time from a driven clock that somebody else drives.
    `call` makes the operator ask for flexibility, given the name of the call and its slot; None: that is not tested.
    `kill` and `start` end the broker without notice and start it again; None: that is not tested. `tries_access`
    sends what a well-kept MQTT server has to stop. `answer_within_s` is how long an answer may take. `broker_key` is
    the key that the operator has told; None believes that of the calendar.
    `correct_within_s` is how long the community takes corrections, None: not tested.
    """

    driven_from_s: int | None = None
    follows: bool = False
    call: calls.Ask | None = None
    kill: Hook | None = None
    start: Hook | None = None
    tries_access: bool = True
    answer_within_s: float = 5.0
    broker_key: bytes | None = None
    correct_within_s: int | None = None
    says: Callable[[str], None] = lambda text: None


async def record_broker(
    server: Server, community: str, members: Sequence[Member], options: BrokerOptions
) -> Transcript:
    """The transcript of a run.

    Raises: NothingToTest when no broker answers, members are missing, or an earlier run has spoilt the slot;
    LinkError when the MQTT server is gone.
    """
    usable = [member for member in members if member.role == "member"]
    if len(usable) < 2:
        raise NothingToTest("two enrolled members are needed: enrol two test meters and name both keys")
    recorder = Recorder()
    async with linked(server, recorder, community) as link:
        stand = await _stand(link, recorder, community, members, options)
        try:
            await _work_through(stand, options)
        except ground.Spoilt as error:
            raise NothingToTest(str(error)) from None
        except ground.Stopped as error:
            recorder.mark(f"{STOPPED}{error}")
        return stand.read().transcript


async def _stand(
    link: Link, recorder: Recorder, community: str, members: Sequence[Member], options: BrokerOptions
) -> Stand:
    first, second = [member for member in members if member.role == "member"][:2]
    clients = {FIRST: first, SECOND: second}
    if (stranger := _of_role(members, "stranger") or _made_up(first, STRANGER)) is not None:
        clients[OUTSIDE] = stranger
    if (gateway := _of_role(members, "gateway") or _made_up(first, GATEWAY_ID)) is not None:
        clients[GATEWAY] = gateway
    if (suspended := _of_role(members, "suspended")) is not None:
        clients[SUSPENDED] = suspended
    clock: MarketClock = WallClock()
    recorder.now_s = clock.now_s
    for name, member in clients.items():
        inboxes = [meter_inbox(community, member.meter), public_inbox(community), witness_inbox(community)]
        if name == GATEWAY:
            inboxes = [bundle_topic(community, member.meter)]
        await link.open(name, member, inboxes)
    if options.follows:
        clock = followed = FollowedClock(
            link, client=FIRST, community=community, within_s=4 * options.answer_within_s
        )
        recorder.now_s = clock.now_s
        await followed.start()
    elif options.driven_from_s is not None:
        clock = driven = DrivenClock(
            link,
            recorder,
            client=FIRST,
            community=community,
            process="broker",
            start_s=options.driven_from_s,
            within_s=4 * options.answer_within_s,
        )
        recorder.now_s = clock.now_s
        await driven.start()
    stand = Stand(
        link=link,
        recorder=recorder,
        clock=clock,
        community=community,
        members=clients,
        within_s=options.answer_within_s,
        says=options.says,
        broker_key=options.broker_key,
    )
    if not await recorder.until(lambda: bool(stand.heard(Calendar)), 2 * options.answer_within_s):
        raise NothingToTest(
            f"no calendar of community {community!r} within {2 * options.answer_within_s:g} s: is the broker running "
            "on this MQTT server, under this community, and may the members read public/?"
        )
    return stand


def _of_role(members: Sequence[Member], role: str) -> Member | None:
    return next((member for member in members if member.role == role), None)


def _made_up(like: Member, name: str) -> Member | None:
    """A stranger for this run; None where the MQTT server wants to know who it is, and would stop it."""
    if like.username is not None or like.cert_file is not None:
        return None
    return replace(like, meter=f"{name}-{secrets.token_hex(4)}", key=key_from_seed(secrets.token_bytes(32)))


async def _work_through(stand: Stand, options: BrokerOptions) -> None:
    await ground.membership(stand)
    tested = await ground.chosen(stand)
    stand.says(f"slot {tested.slot.label}, stage {tested.stage.stage}")
    await trading.refusals(stand, tested)
    ground.unspoilt(stand, tested)
    await trading.entering(stand, tested)
    ground.unspoilt(stand, tested)
    await trading.plans(stand, tested)
    await trading.contracts(stand, tested)
    await trading.quotas(stand, tested)
    await trading.burst(stand, tested)
    if options.tries_access:
        await trading.access(stand, tested)
    if options.call is not None:
        await calls.called(stand, tested, options.call)
    if options.kill is not None and options.start is not None:
        await rounds.killed(stand, tested, options.kill, options.start)
    await rounds.closing(stand, tested)
    await rounds.sealing(stand, tested)
    await rounds.asking(stand, tested)
    await after.delivery(stand, tested)
    await after.following(stand, tested)
    await after.later(stand, tested, options.correct_within_s)
    await blocks.blocks(stand, tested)
    await after.late_join(stand)
