"""The findings of a run for people, for machines, and as a page that can be shown."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from conformance.requirement import Requirement
from conformance.runner import Finding
from conformance.verdict import Broken, Held, NotJudged
from wire.messages import VERSION

WORDS = {Held: "holds", Broken: "BROKEN", NotJudged: "not judged"}
STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;"
    "border-bottom:1px solid #8886}td:first-child,td:nth-child(2){white-space:nowrap}.broken{background:#c3201f22;"
    "font-weight:600}.not{opacity:.75}:root{color-scheme:light dark}td,code{overflow-wrap:anywhere}"
    "@media(max-width:40rem){thead{display:none}tr{display:block;border-bottom:1px solid #8886;padding:.4rem 0}"
    "td,td:first-child,td:nth-child(2){display:block;border:0;padding:.1rem .3rem;white-space:normal}}"
)
_CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings about a subject ("broker of elm") with the moment of the run as RFC 3339 text.

    `stopped` says why the run ended before its end, None when it did not.
    """

    subject: str
    at: str
    findings: Sequence[Finding]
    stopped: str | None = None

    def count(self, kind: type[Held] | type[Broken] | type[NotJudged]) -> int:
        """How many findings are of a kind."""
        return sum(isinstance(finding.verdict, kind) for finding in self.findings)

    @property
    def passed(self) -> bool:
        """True when the run got to its end, something was judged and nothing is broken."""
        return self.stopped is None and self.count(Broken) == 0 and self.count(Held) > 0

    @property
    def summary(self) -> str:
        """One line."""
        held, wrong, unjudged = self.count(Held), self.count(Broken), self.count(NotJudged)
        early = "" if self.stopped is None else f"; the run was {self.stopped}"
        return f"{held} of {held + wrong} judged requirements hold, {wrong} broken, {unjudged} not judged{early}"


def as_text(report: Report, *, verbose: bool = False) -> str:
    """The report for a terminal: what is broken, what was not judged and why; everything when `verbose`."""
    lines = [f"{report.subject}, protocol version {VERSION}, {report.at}"]
    for finding in report.findings:
        if verbose or not isinstance(finding.verdict, Held):
            lines += _text_row(finding)
    return "\n".join([*lines, report.summary])


def _text_row(finding: Finding) -> list[str]:
    word, requirement = WORDS[type(finding.verdict)], finding.requirement
    detail = _detail(finding)
    return [f"{requirement.id} {word:10} {requirement.text}", *([f"{'':18} {detail}"] if detail else [])]


def _detail(finding: Finding) -> str:
    match finding.verdict:
        case Held(count):
            return f"{count} times" if count > 1 else ""
        case Broken(detail):
            return detail
        case NotJudged(why):
            return why


def as_json(report: Report) -> str:
    """The report for machines."""
    rows = [
        {
            "id": finding.requirement.id,
            "subject": finding.requirement.subject.value,
            "requirement": finding.requirement.text,
            "verdict": WORDS[type(finding.verdict)].lower().replace(" ", "_"),
            "detail": _detail(finding) or None,
        }
        for finding in report.findings
    ]
    counts = {
        "holds": report.count(Held),
        "broken": report.count(Broken),
        "not_judged": report.count(NotJudged),
    }
    value = {
        "subject": report.subject,
        "protocol": VERSION,
        "at": report.at,
        "passed": report.passed,
        "stopped": report.stopped,
        "counts": counts,
        "findings": rows,
    }
    return json.dumps(value, indent=1, ensure_ascii=False)


def as_markdown(report: Report) -> str:
    """The report as a Markdown document."""
    rows = [f"| {f.requirement.id} | {WORDS[type(f.verdict)]} | {_cell(f.requirement.text)} | {_cell(_detail(f))} |"
            for f in report.findings]  # fmt: skip
    head = [f"# Test kit: {report.subject}", "", f"Protocol version {VERSION}, {report.at}. {report.summary}.", ""]
    return "\n".join([*head, "| number | verdict | requirement | detail |", "|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def as_html(report: Report) -> str:
    """The report as one page without anything from outside; what is broken comes first."""
    rows = "".join(
        f'<tr class="{_class(finding)}"><td>{finding.requirement.id}</td><td>{WORDS[type(finding.verdict)]}</td>'
        f"<td>{_marked(finding.requirement.text)}</td><td>{_marked(_detail(finding))}</td></tr>\n"
        for finding in sorted(report.findings, key=lambda finding: not isinstance(finding.verdict, Broken))
    )
    title = escape(f"Test kit: {report.subject}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><h1>{title}</h1>'
        f"<p>Protocol version {VERSION}, {escape(report.at)}. {escape(report.summary)}.</p><table><thead><tr>"
        '<th scope="col">Number</th><th scope="col">Verdict</th><th scope="col">Requirement</th>'
        f'<th scope="col">Detail</th></tr></thead><tbody>\n{rows}</tbody></table></body></html>\n'
    )


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _class(finding: Finding) -> str:
    return {Held: "held", Broken: "broken", NotJudged: "not"}[type(finding.verdict)]


def requirement_rows(requirements: Sequence[Requirement], judged: frozenset[str]) -> list[str]:
    """Requirements as lines for a terminal, with whether the kit judges them."""
    return [f"{s.id} {s.subject.value:11} {'' if s.id in judged else '(not judged) '}{s.text}" for s in requirements]
