"""Topics, access, QoS, retained messages, and what happens when a broker is killed."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.transcript import Heard
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.messages import BY_KIND, Calendar, ServiceStatus
from wire.topics import BY_KIND as RULES
from wire.topics import ROOT, parse_topic

KEPT = ("status", "calendar", "conditions", "checkpoint")
NO_KILL = "the kit was given no way to kill and start the broker (--kill, --start)"
NO_ACCESS = "the kit was told not to try what the MQTT server has to stop"


def _heard(run: Evidence) -> list[Heard]:
    return [event for event in run.transcript.events if isinstance(event, Heard)]


@BROKER.asserts(30)
def _known_topics(run: Evidence) -> Verdict:
    prefix = f"{ROOT}/{run.community}/"
    theirs = [
        e.topic
        for e in _heard(run)
        if e.topic.startswith((f"{prefix}public/", f"{prefix}member/")) and not e.payload.startswith(b"tck-forged")
    ]
    wrong = [topic for topic in theirs if (a := parse_topic(topic, run.community)) is None or a.kind not in BY_KIND]
    return all_hold([f"{topic} is not in the table" for topic in wrong], len(theirs), missing="nothing was heard")


@BROKER.asserts(31)
def _own_topic(run: Evidence) -> Verdict:
    named = [
        (sent, e.topic)
        for _, sent in run.sent.values()
        for e in _heard(run)
        if e.topic.endswith(("/receipt", "/rejection")) and sent.named.encode() in e.payload
    ]
    wrong = [f"the answer to {s.label} of {s.meter} came on {t}" for s, t in named if f"/member/{s.meter}/" not in t]
    return all_hold(wrong, len(named), missing="nothing was answered")


def _during_access(run: Evidence) -> tuple[int, int] | None:
    start, end = run.mark("access"), run.mark("access over")
    return None if start is None or end is None else (start, end)


@BROKER.asserts(32)
def _cannot_read(run: Evidence) -> Verdict:
    span = _during_access(run)
    if span is None:
        return NotJudged(NO_ACCESS)
    clients = run.transcript.clients
    private = [read for read in run.heard if read.meter and "/member/" in read.topic and read.place > span[0]]
    foreign = [r.topic for r in private if r.client not in ("late", clients.get(r.meter)) and not r.retain]
    return all_hold(
        [f"another member read {topic}" for topic in foreign], len(private), missing="nothing private was sent"
    )


@BROKER.asserts(33)
def _cannot_forge(run: Evidence) -> Verdict:
    if _during_access(run) is None:
        return NotJudged(NO_ACCESS)
    passed = [e.topic for e in _heard(run) if e.payload.startswith(b"tck-forged")]
    return Broken(f"a member published on {passed[0]}: give each its own ACL") if passed else Held(2)


@BROKER.asserts(34)
def _cannot_speak_for_another(run: Evidence) -> Verdict:
    span = _during_access(run)
    if span is None:
        return NotJudged(NO_ACCESS)
    answers = [r for r in run.told if r.kind == "answer" and span[0] < r.place < span[1]]
    if answers:
        return Broken("a member published below another meter's topics, and the broker heard it: give each its ACL")
    return Held()


@BROKER.asserts(35)
def _unknown_kind(run: Evidence) -> Verdict:
    if "kind.unknown" not in run.sent:
        return NotJudged("no message of an unknown kind was sent")
    _, sent = run.sent["kind.unknown"]
    heard = [e for e in _heard(run) if f"/member/{sent.meter}/" in e.topic and sent.named.encode() in e.payload]
    return Broken(f"was answered on {heard[0].topic}") if heard else Held()


@BROKER.asserts(36)
def _same_for_all(run: Evidence) -> Verdict:
    members = [client for client in run.transcript.clients.values() if client in ("first", "second")]
    views = []
    for client in members:
        rows = [(r.topic, r.data) for r in run.heard if r.client == client and "/public/" in r.topic and not r.retain]
        views.append([row for row in rows if not row[0].endswith("/status")])
    shared = min(len(view) for view in views)
    if not shared:
        return NotJudged("nothing public was sent")
    # two connections may be one message apart when the run ends
    if views[0][:shared] != views[1][:shared] or abs(len(views[0]) - len(views[1])) > 1:
        return Broken("two members heard different public messages")
    return Held(shared)


@BROKER.asserts(40)
def _qos(run: Evidence) -> Verdict:
    wrong = [f"{read.topic} came with QoS {read.qos}" for read in run.told if read.qos != RULES[read.kind].qos]
    return all_hold(wrong, len(run.told), missing="nothing was heard")


def _kept(run: Evidence) -> list[str] | None:
    if run.mark("late join") is None:
        return None
    return [e.topic for e in _heard(run) if e.client == "late" and e.retain]


@BROKER.asserts(41)
def _keeps(run: Evidence) -> Verdict:
    kept = _kept(run)
    if kept is None:
        return NotJudged("the run did not get to a late client")
    missing = [kind for kind in KEPT if f"{ROOT}/{run.community}/public/{kind}" not in kept]
    return all_hold([f"{kind} is not retained" for kind in missing], len(KEPT), missing="")


@BROKER.asserts(42)
def _keeps_nothing_else(run: Evidence) -> Verdict:
    kept = _kept(run)
    if kept is None:
        return NotJudged("the run did not get to a late client")
    allowed = (*KEPT, "path", "trading")
    wrong = [topic for topic in kept if "/public/" in topic and topic.rsplit("/", 1)[1] not in allowed]
    return all_hold([f"{topic} is retained" for topic in wrong], len(kept), missing="nothing was retained")


@BROKER.asserts(43)
def _keeps_nothing_private(run: Evidence) -> Verdict:
    kept = _kept(run)
    if kept is None:
        return NotJudged("the run did not get to a late client")
    wrong = [f"{topic} is retained" for topic in kept if "/member/" in topic]
    return Broken(wrong[0]) if wrong else Held()


@BROKER.asserts(44)
def _is_online(run: Evidence) -> Verdict:
    found = run.of(ServiceStatus)
    if not found:
        return Broken("no status was published")
    late = [r for r in run.heard if r.client == "late" and r.kind == "status"]
    states = [found[0].state, *(r.message.state for r in late if isinstance(r.message, ServiceStatus))]
    return Held(len(states)) if set(states) == {"online"} else Broken(f"status is {states}")


@BROKER.asserts(45)
def _last_will(run: Evidence) -> Verdict:
    killed, started = run.mark("killed"), run.mark("started again")
    if killed is None:
        return NotJudged(NO_KILL)
    states = [m.state for read, m in run.placed(ServiceStatus) if killed < read.place < (started or 10**9)]
    return Held() if states == ["offline"] else Broken(f"after it was killed status was {states or 'not published'}")


@BROKER.asserts(46)
def _comes_back(run: Evidence) -> Verdict:
    started = run.mark("started again")
    if started is None:
        return NotJudged(NO_KILL)
    states = [m.state for read, m in run.placed(ServiceStatus) if read.place > started]
    calendars = [read for read, _ in run.placed(Calendar) if read.place > started]
    if "online" not in states:
        return Broken("no status online after the start")
    return Held() if calendars else Broken("no calendar after the start")
