"""A home's configuration from a found meter, options and a few answers: written, checked, with a key made."""

import argparse
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hems.app.key import KeyFileError, load_or_make_key
from hems.commands.init_devices import NoDevice, devices
from hems.commands.init_market import NoCommunity, home_keys, invitation, invited_market, joined_text, named_market
from hems.commands.init_meter import Found, kettle_test, meter_for, turned
from hems.commands.meter_named import NoMeter
from hems.commands.meter_test import report
from hems.commands.questions import Questions
from hems.io.peers import check_peers
from hems.metering.meter_check import CLAMPS
from hems.site.config import config_from, parse_config, resolved
from hems.site.config_fields import known_id, known_zone
from hems.site.config_text import config_text
from wire.enrolment import Enrolment

NAME, IMPORT_PRICE, EXPORT_PRICE, KETTLE_S = "home-1", 0.30, 0.08, 30.0
PAGE_PORT, NONE = 8080, "none"


class NoSetup(ValueError):
    """Nothing can be set up with these options: the message says what to give."""


def set_up(args: argparse.Namespace, *, is_asking: bool) -> int:
    """Exit status of the set-up: 0 written, 1 written but the meter needs attention, or no meter was found.

    Raises: ConfigError and NoSetup; nothing was written then.
    """
    ask = Questions(is_asking)
    base = args.output.resolve().parent
    try:
        found = meter_for(args, ask)
        tables, devices_found = _tables(args, ask, found)
    except (NoCommunity, NoDevice, NoMeter) as error:
        raise NoSetup(str(error)) from None
    config = config_from({**tables, "device": devices_found}, "options")
    check_peers(config, "options", base)
    seconds = args.kettle if args.kettle is not None else KETTLE_S if is_asking else 0.0
    is_well = True
    if seconds > 0:
        print(f"switch a kettle on in 5 s; listening to the meter for {seconds:g} s", flush=True)
        check = kettle_test(config, base, seconds)
        print(report(check))
        is_well = check.power_w is not None
        if check.sign == "wrong" and CLAMPS in check.to_do:
            is_well = False
        elif check.sign == "wrong":
            tables = turned(tables, config, base)
            print("the sign of power is turned in the configuration")
    _write(args, base / args.state_dir, config_text(tables, devices_found))
    return 0 if is_well else 1


def join(args: argparse.Namespace) -> int:
    """Exit status of a home that is set up and joins a community: its file gets [market], the rest stays.

    Raises: ConfigError and NoSetup; nothing was written then.
    """
    path, base = args.output, args.output.resolve().parent
    try:
        text = path.read_text(encoding="utf-8")
        config = parse_config(text, str(path))
        joined = invitation(args.join)
        text = joined_text(text, joined, invited_market(joined, base))
    except NoCommunity as error:
        raise NoSetup(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NoSetup(
            f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}; name it with --output"
        ) from None
    _write(args, resolved(base, config.home.state_dir), text)
    return 0


def _tables(args: argparse.Namespace, ask: Questions, found: Found) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the tables, the devices) of the configuration."""
    joined = _invitation(args, ask)
    tariff = {
        "import_price_per_kwh": _price(args.import_price, ask, "price of a kWh from the grid", IMPORT_PRICE),
        "export_price_per_kwh": _price(args.export_price, ask, "price of a kWh to the grid", EXPORT_PRICE),
    }
    if joined is None:
        named = {"meter": args.name or ask.checked("name of the meter", NAME, known_id)}
    else:
        named = home_keys(joined)
    home = {
        **named,
        "timezone": args.timezone or ask.checked("time zone", system_timezone(), known_zone),
        "state_dir": args.state_dir,
    }
    market = named_market(args) if joined is None else invited_market(joined, args.output.resolve().parent)
    tables = {"tariff": tariff, **found.tables, "home": home, "page": {"port": PAGE_PORT}}
    return tables | ({} if market is None else {"market": market}), devices(args, ask, found)


def _invitation(args: argparse.Namespace, ask: Questions) -> Enrolment | None:
    """What the home was invited to, by option or answer; None without a community."""
    if args.join is None and args.community is None and args.broker_key is None:
        text = ask.checked("invitation to a community (paste it)", NONE, lambda t: t == NONE or invitation(t))
        return None if text == NONE else invitation(text)
    if args.join is None:
        return None
    if args.community is not None or args.broker_key is not None or args.broker_host is not None:
        raise NoCommunity("--join names the community, its key and its server: leave the other options out")
    joined = invitation(args.join)
    if args.name not in (None, joined.meter):
        raise NoCommunity(f"--name {args.name}: the invitation is for {joined.meter}; leave --name out")
    return joined


def _price(given: float | None, ask: Questions, question: str, default: float) -> float:
    return ask.number(question, default) if given is None else given


def _write(args: argparse.Namespace, state_dir: Path, text: str) -> None:
    """Writes the configuration and makes the key; the file appears whole or not at all."""
    config = parse_config(text, str(args.output))
    draft = args.output.with_name(f"{args.output.name}.{os.getpid()}")
    try:
        key = load_or_make_key(state_dir / "meter.key")
        draft.write_text(text, encoding="utf-8")
        draft.replace(args.output)
    except KeyFileError as error:
        raise NoSetup(str(error)) from None
    except OSError as error:
        raise NoSetup(f"{args.output}: {error.strerror}; choose a folder you may write to with --output") from None
    finally:
        draft.unlink(missing_ok=True)
    print(f"\nwritten: {args.output}")
    print(f"the meter's public key, for the operator of your community: {key.public_hex}")
    if config.market is not None:
        print(
            f"{config.home.meter} is set up for {config.market.community}; when the operator has this key, it trades"
        )
        print(f"next, side by side: hems meter --config {args.output}, and hems run --config {args.output}")
    else:
        print(f"next: hems run --config {args.output}")
    print(f"hems doctor --config {args.output} says what is amiss")
    if config.page is not None:
        print(f"the page of the home is then at http://127.0.0.1:{config.page.port}/")


def system_timezone() -> str:
    """The time zone of this computer, UTC when it does not say."""
    link = Path("/etc/localtime")
    named = os.environ.get("TZ", "") or (str(link.resolve()).partition("zoneinfo/")[2] if link.exists() else "")
    try:
        ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return named or "UTC"
