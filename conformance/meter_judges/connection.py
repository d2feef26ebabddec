"""A meter's connection: topics, QoS, keep-alive, session, coming back, and staying up under garbage."""

from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.meter_judges.heard import said
from conformance.transcript import Packet
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.messages import Hello, MeterReport, Order, PlanNotice, SealedOrder
from wire.topics import ROOT

NO_TAP = "the meter's connection was not tapped (--tap)"
BACK_WITHIN_S = 60


def _packets(run: Evidence, kind: str) -> list[Packet]:
    return [e for e in run.transcript.events if isinstance(e, Packet) and e.kind == kind]


def _meter(run: Evidence) -> str:
    return next(iter(run.transcript.clients))


@METER.asserts(37)
def _own_topics(run: Evidence) -> Verdict:
    meter, root = _meter(run), f"{ROOT}/{run.community}"
    own = (f"{root}/meter/{meter}/", f"{root}/shared/{meter}/", f"{root}/clock/done/")
    found = _packets(run, "publish")
    wrong = [f"publishes on {p.topic}" for p in found if not p.topic.startswith(own)]
    return all_hold(wrong, len(found), missing=NO_TAP)


@METER.asserts(49)
def _qos(run: Evidence) -> Verdict:
    found = _packets(run, "publish")
    wrong = [f"{p.topic} with QoS {p.qos}" for p in found if p.qos != 1]
    return all_hold(wrong, len(found), missing=NO_TAP)


@METER.asserts(50)
def _retain(run: Evidence) -> Verdict:
    found = _packets(run, "publish")
    wrong = [
        f"{p.topic} is {'' if p.retain else 'not '}retained"
        for p in found
        if p.retain is not p.topic.endswith("/witness")
    ]
    return all_hold(wrong, len(found), missing=NO_TAP)


@METER.asserts(51)
def _keep_alive(run: Evidence) -> Verdict:
    found = [int(p.facts["keep_alive_s"]) for p in _packets(run, "connect")]
    wrong = [f"keep-alive of {s} s" for s in found if not 1 <= s <= 120]
    return all_hold(wrong, len(found), missing=NO_TAP)


@METER.asserts(52)
def _session(run: Evidence) -> Verdict:
    found = _packets(run, "connect")
    wrong = ["connects with a clean session" for p in found if p.facts["clean_session"]]
    if len({p.facts["client_id"] for p in found}) > 1:
        wrong.append("connects under changing client ids")
    return all_hold(wrong, len(found), missing=NO_TAP)


@METER.asserts(53)
def _subscribes(run: Evidence) -> Verdict:
    found = _packets(run, "subscribe")
    if not found:
        return NotJudged(NO_TAP)
    root = f"{ROOT}/{run.community}"
    granted = {name: qos for p in found for name, qos in p.facts.items()}
    wanted = (f"{root}/member/{_meter(run)}/", f"{root}/public/")
    wrong = [f"no subscription below {t} with QoS 1" for t in wanted if not _covers(granted, t)]
    return all_hold(wrong, len(wanted), missing=NO_TAP)


def _covers(granted: dict[str, str | int | bool], below: str) -> bool:
    return any(
        name.startswith(below) and name[len(below) :] in ("+", "#") and qos == 1 for name, qos in granted.items()
    )


def _cuts(run: Evidence) -> list[tuple[str, int, int]]:
    """(name, place of the cut, place where the meter was back or the waiting over) of every cut."""
    if not _packets(run, "connect"):
        return []
    names = [e.name for e in run.transcript.events if not isinstance(e, Packet) and hasattr(e, "name")]
    cuts = [name.removeprefix("cut ") for name in names if name.startswith("cut ")]
    return [(n, run.mark(f"cut {n}") or 0, run.mark(f"back {n}") or len(run.transcript.events)) for n in cuts]


@METER.asserts(54)
def _comes_back(run: Evidence) -> Verdict:
    wrong = []
    cuts = _cuts(run)
    for name, start, end in cuts:
        after = run.transcript.events[start:end]
        if not any(isinstance(e, Packet) and e.kind == "connect" for e in after):
            wrong.append(f"did not connect again within {BACK_WITHIN_S} s ({name})")
    return all_hold(wrong, len(cuts), missing=NO_TAP)


@METER.asserts(55)
def _says_hello(run: Evidence) -> Verdict:
    hellos = [read.place for read, _ in said(run, Hello)]
    cuts = _cuts(run)
    wrong = [f"no hello after connecting ({name})" for name, start, end in cuts if not _within(hellos, start, end)]
    if not cuts:
        return Held(len(hellos)) if hellos else Broken("no hello was heard")
    return all_hold(wrong, len(cuts), missing=NO_TAP)


def _within(places: list[int], start: int, end: int) -> bool:
    return any(start < place < end for place in places)


@METER.asserts(246)
def _drops_unknown_kinds(run: Evidence) -> Verdict:
    if "garbage.kind" not in run.sent:
        return NotJudged("the run did not get to a message of an unknown kind")
    place = run.sent["garbage.kind"][0]
    after = [read for read in run.said if read.place > place]
    return Held() if after else Broken("nothing was heard of the meter after a message of an unknown kind")


@METER.asserts(248)
def _stays_up(run: Evidence) -> Verdict:
    garbage = [place for label, (place, _) in run.sent.items() if label.startswith("garbage")]
    if not garbage:
        return NotJudged("the run did not get to garbage")
    kinds = (Order.kind, SealedOrder.kind, MeterReport.kind, PlanNotice.kind, Hello.kind)
    after = [r for r in run.said if r.place > max(garbage) and r.kind in kinds]
    return Held(len(garbage)) if after else Broken("nothing was heard of the meter after bytes that are no message")
