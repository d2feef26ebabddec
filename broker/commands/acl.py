"""`community-broker acl`: the access list of Mosquitto for a community."""

import argparse
import sys

from broker.commands.exit_status import BAD_INPUT, DONE

EXAMPLES = """examples:
  community-broker acl elm-street > /etc/mosquitto/elm-street.acl
  community-broker acl elm-street --driven        # with the topics of a driven clock (demos and tests)

Mosquitto has to know clients by their certificates: see docs/secure-mqtt.md and deploy/mosquitto/mosquitto.conf."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.add_argument("community", metavar="COMMUNITY", help="the community's id")
    parser.add_argument("--driven", action="store_true", help="with the clock of demos and tests")


def run(args: argparse.Namespace) -> int:
    """The exit status after printing the list."""
    from pydantic import TypeAdapter, ValidationError

    from broker.io.mosquitto_acl import mosquitto_acl
    from wire.fields import Community

    try:
        TypeAdapter(Community).validate_python(args.community)
        text = mosquitto_acl(args.community, driven=args.driven)
    except ValidationError:
        print(f"{args.community!r}: a community is named by 1 to 64 of a-z, 0-9, '_' and '-'", file=sys.stderr)
        return BAD_INPUT
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    print(text, end="")
    return DONE
