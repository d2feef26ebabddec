"""Rejections: each label is refused with its code, and the field where one is to blame."""

from conformance.assertion import BROKER, Judge
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.messages import Rejection, StatusAnswer

# why nothing was sent under labels that begin so
MISSING = {
    "stranger": "no key of a stranger was given, and the MQTT server wants to know who it is",
    "suspended": "no key of a suspended member was given",
    "sealed": "the calendar has no stage of sealed orders after the open one",
    "batch": "no key of a gateway was given, and the MQTT server wants to know who it is",
    "quota": "the quota is too high to be tried, or the next slot was not open",
}
# number: (labels, codes, field)
EXPECTED: dict[int, tuple[tuple[str, ...], tuple[str, ...], str | None]] = {
    10: (("frame.junk", "frame.version", "frame.dot"), ("bad_frame",), None),
    11: (("frame.noncanonical",), ("bad_frame",), None),
    12: (("frame.other_key",), ("bad_signature",), None),
    13: (("frame.other_kind",), ("bad_signature",), None),
    14: (("frame.other_community",), ("bad_signature",), None),
    15: (("frame.changed",), ("bad_signature",), None),
    16: (("frame.oversized",), ("oversized",), None),
    17: (("frame.unparsed",), ("bad_signature",), None),
    62: (("quota.order",), ("quota_exceeded",), None),
    71: (("order.no_slot",), ("foreign_slot",), "slot"),
    73: (("payload.fraction",), ("malformed",), None),
    74: (("payload.zero", "payload.negative"), ("out_of_range",), "steps.0.energy_wh"),
    77: (("payload.text", "payload.truth"), ("malformed",), "sequence"),
    102: (("stranger.order",), ("unknown_meter",), None),
    103: (("suspended.order",), ("suspended",), None),
    104: (("payload.not_json",), ("malformed",), None),
    105: (("payload.array",), ("malformed",), None),
    106: (("payload.doubled",), ("malformed",), None),
    107: (("payload.nan",), ("malformed",), None),
    108: (("payload.missing",), ("malformed",), "sequence"),
    109: (("payload.version",), ("unknown_version",), "v"),
    110: (("payload.unknown_field",), ("unknown_field",), "tck"),
    111: (("payload.range",), ("out_of_range",), "sequence"),
    112: (("payload.community",), ("wrong_community",), "community"),
    113: (("payload.meter",), ("wrong_meter",), "meter"),
    114: (("order.no_stage",), ("wrong_stage",), "stage"),
    115: (("order.far",), ("foreign_slot", "too_early"), "slot"),
    116: (("order.begun",), ("gate_closed",), "slot"),
    117: (("order.late",), ("gate_closed",), None),
    118: (("order.many",), ("too_many_steps",), "steps"),
    119: (("order.above",), ("price_out_of_band",), "steps.0.price_micro_per_kwh"),
    120: (("order.below",), ("price_out_of_band",), "steps.0.price_micro_per_kwh"),
    121: (("order.rises",), ("not_monotone",), "steps"),
    122: (("order.falls",), ("not_monotone",), "steps"),
    123: (("order.crosses",), ("self_crossing",), "steps"),
    124: (("order.bought_too_much",), ("over_nameplate",), "steps"),
    125: (("order.sold_too_much",), ("over_nameplate",), "steps"),
    126: (("order.stale", "order.lower"), ("stale_sequence",), "sequence"),
    127: (("order.conflict",), ("conflicting_sequence",), "sequence"),
    128: (("other.sealed",), ("not_sealed",), "stage"),
    129: (("sealed.open_order",), ("sealed_market",), "stage"),
    130: (("other.reveal",), ("wrong_reveal",), None),
    131: (("other.reply",), ("round_over",), None),
    132: (("other.acceptance",), ("unknown_contract",), "contract"),
    133: (("other.proposal",), ("unknown_meter",), "counterparty"),
    134: (("other.flex",), ("unknown_call",), "call"),
    135: (("other.block",), ("wrong_stage",), "stage"),
    136: (("plan.past",), ("wrong_horizon",), "first_slot"),
    137: (("plan.too_much",), ("over_nameplate",), "net_wh.0"),
    138: (("plan.bad_signature",), ("bad_signature",), None),
    139: (("report.early",), ("slot_not_over",), "slot"),
    140: (("report.falls",), ("register_went_back",), "import_from_wh"),
    141: (("report.below",), ("register_went_back",), "import_from_wh"),
    142: (("report.too_much",), ("over_nameplate",), "import_to_wh"),
    143: (("report.conflict",), ("conflicting_sequence",), "sequence"),
    144: (("report.no_reason",), ("no_reason",), "replaces"),
    145: (("report.estimate",), ("not_measured",), "quality"),
    146: (("other.query",), ("foreign_slot",), "slot"),
    147: (("report.too_late",), ("already_settled",), "slot"),
    148: (("order.no_market",), ("no_market",), "slot"),
    149: (("sealed.too_early",), ("too_early",), "stage"),
    221: (("sealed.early",), ("wrong_reveal",), None),
    242: (("batch.stranger",), ("wrong_gateway",), None),
    243: (("batch.large",), ("oversized",), None),
    245: (("frame.tag", "payload.version"), ("bad_signature", "unknown_version"), None),
    223: (("sealed.wrong",), ("wrong_reveal",), None),
}


def _refused(labels: tuple[str, ...], codes: tuple[str, ...], field: str | None) -> Judge:
    """Whether each label was refused with one of the codes, and with the field where it is given."""

    def judge(run: Evidence) -> Verdict:
        sent = [label for label in labels if label in run.sent]
        wrong = [text for label in sent if (text := _wrong(run, label, codes, field)) is not None]
        return all_hold(
            wrong, len(sent), missing=MISSING.get(labels[0].partition(".")[0], f"the run did not get to {labels[0]}")
        )

    return judge


def _missing(label: str) -> str:
    return MISSING.get(label.partition(".")[0], f"the run did not get to {label}")


def _wrong(run: Evidence, label: str, codes: tuple[str, ...], field: str | None) -> str | None:
    answers = run.answers(label)
    wanted = " or ".join(codes)
    if not answers:
        return f"{label} was not answered, expected {wanted}"
    first = answers[0]
    if not isinstance(first, Rejection):
        return f"{label} was receipted, expected {wanted}"
    if first.code not in codes:
        return f"{label} was refused as {first.code} ({first.detail}), expected {wanted}"
    if field is not None and first.field != field:
        return f"{label}: the rejection names the field {first.field!r}, expected {field!r}"
    return None


for _number, _row in EXPECTED.items():
    BROKER.add(_number, _refused(*_row))


@BROKER.asserts(61)
def _digests(run: Evidence) -> Verdict:
    labels = [
        label for label in ("frame.junk", "frame.oversized", "frame.other_key", "order.above") if label in run.sent
    ]
    wrong = [
        f"{label}: no rejection names {run.sent[label][1].named}" for label in labels if not run.rejection(label)
    ]
    return all_hold(wrong, len(labels), missing="nothing was refused")


@BROKER.asserts(63)
def _plan_quota(run: Evidence) -> Verdict:
    plans = [label for label in run.sent if label.startswith("quota.plan.")]
    if not plans:
        return NotJudged("path_rounds_max is too high to be tried")
    codes = [r.code for label in plans if (r := run.rejection(label)) is not None]
    return Held() if "quota_exceeded" in codes else Broken(f"{len(plans)} plans in one slot were all taken")


@BROKER.asserts(64)
def _burst(run: Evidence) -> Verdict:
    sent = [label for label in run.sent if label.startswith("burst.")]
    silent = [f"{label} of {len(sent)} sent at once was not answered" for label in sent if not run.answers(label)]
    return all_hold(silent, len(sent), missing="the run did not get to a burst")


@BROKER.asserts(100)
def _complete(run: Evidence) -> Verdict:
    pairs = [(sent, r) for label, (_, sent) in run.sent.items() if (r := run.rejection(label)) is not None]
    wrong = [f"{sent.label}: {text}" for sent, r in pairs if (text := _incomplete(r, sent.kind)) is not None]
    return all_hold(wrong, len(pairs), missing="nothing was refused")


def _incomplete(rejection: Rejection, kind: str) -> str | None:
    if rejection.of != kind:
        return f"the rejection is of {rejection.of!r}, not of {kind!r}"
    if len(rejection.hint) < 10:
        return f"the hint {rejection.hint!r} helps nobody"
    could_be_read = rejection.code in ("gate_closed", "price_out_of_band", "over_nameplate", "not_monotone")
    if could_be_read and kind in ("order", "report") and (rejection.slot is None or rejection.sequence is None):
        return f"{rejection.code} names no slot and sequence"
    return None


@BROKER.asserts(101)
def _nothing_changed(run: Evidence) -> Verdict:
    before = answer_to(run, "query.nothing")
    if before is None:
        return NotJudged("the query after the refused orders was not answered")
    if (before.order_sequence, before.order_digest, before.position_wh) != (None, None, 0):
        return Broken(f"after refused orders the broker holds sequence {before.order_sequence}")
    held, final = answer_to(run, "query.held"), run.sent.get("order.final")
    if held is not None and final is not None and held.order_digest != final[1].named:
        return Broken("after refused orders the broker holds another order than the last one that it receipted")
    return Held(2)


def answer_to(run: Evidence, label: str) -> StatusAnswer | None:
    """The first answer about the slot of a query, after it was asked."""
    if label not in run.sent:
        return None
    place, sent = run.sent[label]
    return next((m for read, m in run.placed(StatusAnswer, sent.meter) if read.place > place), None)
