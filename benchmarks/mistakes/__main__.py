"""Makes every scripted mistake in a process of its own and writes what users are told."""

import argparse
import json
import sys
from collections.abc import Sequence

from benchmarks.machine import table, write
from benchmarks.mistakes import run_process
from benchmarks.mistakes.configuration import CONFIGURATION
from benchmarks.mistakes.files import FILES
from benchmarks.mistakes.mistake import Mistake, Outcome
from benchmarks.mistakes.network import network_mistakes
from benchmarks.mistakes.operator import OPERATOR
from benchmarks.mistakes.site import NotInstalled, running_site
from benchmarks.mistakes.starting import starting_mistakes

HOW = """A mistake is made in a folder of its own with the real command as a process; the last group runs against a
real Mosquitto (plain, with logins and ACL, with TLS, with an expired certificate), a broker, a simulated meter and a
Modbus device that is no meter. Told well: no stack trace, the right exit status, and every pattern of the case is in
the output: what is wrong, where, what to do. Full disks are a limit on file sizes, wrong clocks a shifted clock."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every mistake is told well, 1 when one is not, 2 when a server is missing."""
    parser = argparse.ArgumentParser(prog="scripts/bench mistakes", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="mistakes with this word in their name")
    parser.add_argument("--json", action="store_true", help="print the outcomes as JSON and write no file")
    args = parser.parse_args(argv)
    try:
        outcomes = _lived([*CONFIGURATION, *FILES, *OPERATOR], args.only)
        with running_site() as site:
            outcomes += _lived([*network_mistakes(site), *starting_mistakes(site)], args.only)
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 2
    bad = [outcome for outcome in outcomes if outcome.problem]
    if args.json:
        print(json.dumps([_as_json(outcome) for outcome in outcomes], indent=1))
    elif not args.only:
        path = write("mistakes", "real commands and servers", [HOW, _summary(outcomes), _shown(outcomes)])
        print(f"{len(outcomes)} mistakes, {len(bad)} told badly: {path}")
    for outcome in bad:
        print(f"{outcome.mistake.name}: {outcome.problem}\n{outcome.output}", file=sys.stderr)
    return 1 if bad else 0


def _lived(mistakes: Sequence[Mistake], word: str) -> list[Outcome]:
    return [run_process.lived(mistake) for mistake in mistakes if word in mistake.name]


def _summary(outcomes: Sequence[Outcome]) -> str:
    traces = sum(outcome.problem == "shows a stack trace" for outcome in outcomes)
    bad = sum(bool(outcome.problem) for outcome in outcomes)
    return f"**{len(outcomes)} mistakes: {traces} show a stack trace, {bad} are told badly.**"


def _shown(outcomes: Sequence[Outcome]) -> str:
    rows = [(o.mistake.name, o.mistake.did, _safe(o.said), o.problem or "yes") for o in outcomes]
    return table(("mistake", "the user", "is told", "well"), rows)


def _safe(text: str) -> str:
    """A line for a table, without the names of folders that exist only now."""
    words = [word if "/hearthgrid-" not in word else f"{word.rsplit('/', 1)[-1]}" for word in text.split()]
    return " ".join(words).replace("|", "\\|")[:220]


def _as_json(outcome: Outcome) -> dict[str, str]:
    return {
        "name": outcome.mistake.name,
        "did": outcome.mistake.did,
        "said": outcome.said,
        "problem": outcome.problem,
    }


if __name__ == "__main__":
    raise SystemExit(main())
