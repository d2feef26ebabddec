"""Replies as they are published, and the root that fixes them before the clearing."""

from collections.abc import Iterable

from wire.codec import canonical
from wire.merkle import Tree, leaf_hash
from wire.messages import PairReply, Reply, ReplyEntry


def shown_reply(reply: Reply | PairReply, pseudonym: str) -> ReplyEntry:
    """A reply as it is published."""
    return ReplyEntry(
        question=reply.question,
        pseudonym=pseudonym,
        quantities=reply.quantities if isinstance(reply, Reply) else (),
        sells_milli_wh=reply.sells_milli_wh if isinstance(reply, PairReply) else (),
        buys_milli_wh=reply.buys_milli_wh if isinstance(reply, PairReply) else (),
    )


def reply_bytes(entry: ReplyEntry) -> bytes:
    """The leaf of a reply in the tree whose root the `convergence` of its round names."""
    return canonical(entry.model_dump(mode="json"))


def replies_root(entries: Iterable[ReplyEntry]) -> str:
    """The root of some replies in their order."""
    return Tree(leaf_hash(reply_bytes(entry)) for entry in entries).root().hex()
