"""The commands of the kit: options in, a report out, and an exit status."""

import asyncio
import json
import secrets
import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from conformance import broker_judges, meter_judges
from conformance.assertion import BROKER, METER, Assertion
from conformance.broker_phases.calls import Ask
from conformance.broker_run import BrokerOptions, record_broker
from conformance.identity import KeysError, Member, members_of
from conformance.link import LinkError, Server
from conformance.meter_run import MeterOptions, record_meter
from conformance.played_broker import PlayedBroker
from conformance.report import Report, as_html, as_json, as_markdown, as_text, requirement_rows
from conformance.requirements import REQUIREMENTS
from conformance.runner import judged
from conformance.transcript import STOPPED, Mark, Transcript
from conformance.transcript_file import TranscriptError, read_transcript, write_transcript
from wire.signing import SigningKey, key_from_seed
from wire.slots import ALLOWED_MINUTES, format_utc, parse_utc

JUDGES = (broker_judges, meter_judges)  # imported for what they register

PASSED, BROKEN, NOTHING = 0, 1, 2
REGISTRIES = {"broker": BROKER, "meter": METER}
Hook = Callable[[], Awaitable[None]]


class OptionError(ValueError):
    """An option cannot be used; the message says which and what belongs there."""


def judged_numbers() -> dict[str, str]:
    """Whose runs judge a requirement, by its number: "broker", "meter" or "broker, meter"."""
    found: dict[str, str] = {}
    for name, registry in REGISTRIES.items():
        for assertion in registry:
            found[assertion.id] = f"{found[assertion.id]}, {name}" if assertion.id in found else name
    return found


def listing(*, as_json: bool) -> str:
    """Every requirement, with whose runs judge it."""
    numbers = judged_numbers()
    if as_json:
        rows = [
            {"id": s.id, "subject": s.subject.value, "requirement": s.text, "judged_by": numbers.get(s.id)}
            for s in REQUIREMENTS.values()
        ]
        return json.dumps(rows, indent=1, ensure_ascii=False)
    rows_of_text = requirement_rows(list(REQUIREMENTS.values()), frozenset(numbers))
    return "\n".join([*rows_of_text, f"{len(REQUIREMENTS)} requirements, {len(numbers)} of them judged by the kit"])


def broker_command(args: Namespace) -> int:
    """Tests a broker; 0 when all judged requirements hold."""
    try:
        members = members_of(args.members)
        options = BrokerOptions(
            driven_from_s=_driven(args),
            follows=args.follow,
            call=_call(args.call),
            kill=_hook("--kill", args.kill),
            start=_hook("--start", args.start),
            tries_access=not args.no_acl,
            answer_within_s=args.answer_within,
            says=_says(args),
            correct_within_s=args.correct_within,
            broker_key=None if args.broker_key is None else _key("--broker-key", args.broker_key),
        )
        if (args.kill is None) is not (args.start is None):
            raise OptionError("--kill and --start belong together: give both or none")
        only = _only(args, BROKER)
        transcript = asyncio.run(record_broker(_server(args), args.community, members, options))
    except (KeysError, OptionError, LinkError, OSError) as error:
        print(error, file=sys.stderr)
        return NOTHING
    return _reported(args, transcript, "broker", only)


def meter_command(args: Namespace) -> int:
    """Tests a meter; 0 when all judged requirements hold."""
    try:
        key = _broker_key(args.broker_seed)
        if args.show_key:
            print(key.public_hex)
            return PASSED
        if args.meter_key is None:
            raise OptionError("--meter-key: the meter's public key is needed (64 hexadecimal digits)")
        if args.slot_minutes not in ALLOWED_MINUTES:
            raise OptionError(f"--slot-minutes {args.slot_minutes}: use one of {ALLOWED_MINUTES}")
        if args.tap is not None and args.ca is not None:
            raise OptionError("--tap reads MQTT in the clear: leave out --ca, or leave out --tap")
        played = PlayedBroker(community=args.community, meter=args.meter, key=key, minutes=args.slot_minutes)
        says = _says(args)
        options = MeterOptions(
            minutes=args.slot_minutes,
            driven_from_s=_driven(args),
            tap_host=args.tap_host,
            tap_port=args.tap,
            on_tap=lambda port: says(f"the meter under test has to connect to {args.tap_host}:{port}"),
            answer_within_s=args.answer_within,
            says=says,
        )
        password = args.password_file.read_text("utf-8").strip() if args.password_file else None
        broker = Member(meter="broker", key=key, username=args.username, password=password)
        only = _only(args, METER)
        public = _key("--meter-key", args.meter_key)
        transcript = asyncio.run(record_meter(_server(args), broker, played, public, options))
    except (OptionError, LinkError, OSError) as error:
        print(error, file=sys.stderr)
        return NOTHING
    return _reported(args, transcript, "meter", only)


def judge_command(args: Namespace) -> int:
    """Judges a kept transcript again; 0 when all judged requirements hold."""
    try:
        transcript, subject = read_transcript(args.transcript)
        only = _only(args, REGISTRIES[subject])
    except (OptionError, TranscriptError, OSError) as error:
        print(error, file=sys.stderr)
        return NOTHING
    args.transcript = None
    return _reported(args, transcript, subject, only)


def _reported(args: Namespace, transcript: Transcript, subject: str, only: set[str]) -> int:
    if args.transcript is not None:
        write_transcript(args.transcript, transcript, subject)
    report = Report(
        subject=f"{subject} of {transcript.community}",
        at=format_utc(int(time.time())),
        findings=judged(REGISTRIES[subject], transcript, only),
        stopped=next((e.name for e in transcript.events if isinstance(e, Mark) and e.name.startswith(STOPPED)), None),
    )
    for path, text in ((args.markdown, as_markdown(report)), (args.html, as_html(report))):
        if path is not None:
            path.write_text(text, "utf-8")
    print(as_json(report) if args.json else as_text(report, verbose=args.verbose))
    return PASSED if report.passed else BROKEN


def _server(args: Namespace) -> Server:
    if args.ca is not None and not args.ca.is_file():
        raise OptionError(f"--ca {args.ca}: no such file")
    return Server(host=args.host, port=args.port, ca_file=args.ca)


def _says(args: Namespace) -> Callable[[str], None]:
    def say(text: str) -> None:
        if not args.json:
            print(f"hems tck: {text}", file=sys.stderr, flush=True)

    return say


def _driven(args: Namespace) -> int | None:
    if args.driven is None:
        return None
    try:
        return parse_utc(args.driven)
    except ValueError:
        raise OptionError(f"--driven {args.driven}: write a time in UTC like 2027-01-15T08:00:00Z") from None


def _key(option: str, text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise OptionError(f"{option}: an Ed25519 public key is 64 hexadecimal digits")
    return key


def _broker_key(path: Path | None) -> SigningKey:
    if path is None:
        raise OptionError("--broker-seed: name a file for the seed of the key that the kit signs with")
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n")
    try:
        return key_from_seed(bytes.fromhex(path.read_text("utf-8").strip()))
    except ValueError:
        raise OptionError(f"{path}: has to hold a seed of 64 hexadecimal digits; remove it and one is made") from None


def _only(args: Namespace, registry: Iterable[Assertion]) -> set[str]:
    known = {assertion.id for assertion in registry}
    if unknown := sorted(set(args.only) - known):
        raise OptionError(f"--only {unknown[0]}: no number that is judged here: see 'hems tck list'")
    return set(args.only)


def _call(command: str | None) -> Ask | None:
    """Runs a command in which {call} and {slot} are filled in."""
    if command is None:
        return None
    if "{call}" not in command or "{slot}" not in command:
        raise OptionError(f"--call {command}: write {{call}} for its name and {{slot}} for its first slot")

    async def ask(call: str, slot: str) -> None:
        hook = _hook("--call", command.replace("{call}", call).replace("{slot}", slot))
        assert hook is not None
        await hook()

    return ask


def _hook(option: str, command: str | None) -> Hook | None:
    if command is None:
        return None
    words = shlex.split(command)

    async def call() -> None:
        # the report has stdout for itself: --json is for machines
        child = await asyncio.create_subprocess_exec(*words, stdout=sys.stderr)
        if await child.wait() != 0:
            raise LinkError(f"{option} {command!r} ended with status {child.returncode}")

    return call
