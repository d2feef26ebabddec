"""The access list of Mosquitto, made from the rule of the protocol."""

from wire.access import OWN, Grant, grants

HEAD = """# Who may publish and read what in the community "{community}". Made by `community-broker acl`; do not edit.
# A client is known by the common name of its certificate (use_identity_as_username). What is not listed is denied.
"""


def mosquitto_acl(community: str, *, driven: bool = False) -> str:
    """The text of the acl_file; members need no entry of their own, so it stays as it is when one joins.

    Source: mosquitto.conf(5), `acl_file`: `topic` lines hold for the `user` above them, `pattern` lines for all.
    """
    every = grants(community, driven=driven)
    named = sorted({grant.who for grant in every if grant.who is not None})
    parts = ["\n".join(_line("pattern", grant) for grant in every if grant.who is None)]
    for who in named:
        lines = [_line("topic", grant) for grant in every if grant.who == who]
        parts.append("\n".join([f"user {who}", *lines]))
    return "\n".join([HEAD.format(community=community), *(f"{part}\n" for part in parts)])


def _line(word: str, grant: Grant) -> str:
    return f"{word} {grant.may} {grant.topic.replace(OWN, '%u')}"
