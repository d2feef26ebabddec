"""`community-broker add-member`: enrols a meter in the configuration; the broker takes it up when it starts."""

import argparse
import sys
from pathlib import Path

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker add-member --config broker.toml --meter home-7 \\
      --public-key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29 \\
      --nameplate-import-w 11000 --nameplate-export-w 10000"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("--config", required=True, type=Path, metavar="broker.toml")
    parser.add_argument("--meter", required=True, help="id of the meter: a-z, 0-9, _ and -")
    parser.add_argument("--public-key", required=True, help="the meter's Ed25519 public key, 64 hexadecimal digits")
    parser.add_argument("--nameplate-import-w", required=True, type=int, metavar="W")
    parser.add_argument("--nameplate-export-w", required=True, type=int, metavar="W")
    parser.add_argument("--gateway", help="id of the gateway that sends and receives for this meter [none]")


def run(args: argparse.Namespace) -> int:
    """The exit status after writing the configuration; a configuration that would not be good is not written."""
    from broker.io.config import ConfigError, load

    draft = args.config.with_name(args.config.name + ".draft")
    entry = (
        "\n[[members]]\n"
        f'meter = "{args.meter}"\n'
        f'public_key = "{args.public_key}"\n'
        f"nameplate_import_w = {args.nameplate_import_w}\n"
        f"nameplate_export_w = {args.nameplate_export_w}\n"
    )
    if args.gateway is not None:
        entry += f'gateway = "{args.gateway}"\n'
    try:
        draft.write_text(args.config.read_text(encoding="utf-8").rstrip("\n") + "\n" + entry, encoding="utf-8")
        load(draft)
        draft.replace(args.config)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; name a file that can be read and written", file=sys.stderr)
        return BAD_INPUT
    except ConfigError as error:
        print(str(error).replace(str(draft), str(args.config)), file=sys.stderr)
        draft.unlink()
        return BAD_INPUT
    print(f"{args.meter} added to {args.config}; restart the broker to enrol it")
    return DONE
