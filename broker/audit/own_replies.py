"""A member's own replies, where the archive holds their receipts: what counted is what it said."""

from collections.abc import Mapping, Sequence

from broker.audit.archive import Archive
from wire.audit import Violation
from wire.commitments import RoundName, round_of
from wire.messages import Award, PairReply, Receipt, Reply, ReplyEntry
from wire.reply_audit import own_replies, shown_of
from wire.reply_book import shown_reply

Names = Mapping[tuple[str, RoundName], str]


def own_names(archive: Archive) -> dict[tuple[str, RoundName], str]:
    """The pseudonyms of the meters whose private messages the archive holds, by meter and round."""
    found = {(award.meter, round_of(award)): award.pseudonym for award in archive.of(Award)}
    for receipt in archive.of(Receipt):
        of = _round(receipt)
        if of is not None and receipt.pseudonym is not None:
            found.setdefault((receipt.meter, of), receipt.pseudonym)
    return found


def check_own_replies(
    archive: Archive, names: Names, replies: Mapping[RoundName, Sequence[ReplyEntry]]
) -> list[Violation]:
    """What is wrong with the replies of the meters in `names`, in the rounds whose `replies` were published."""
    receipted: dict[tuple[str, RoundName], set[int]] = {}
    for receipt in archive.of(Receipt):
        of = _round(receipt)
        if of is not None and receipt.of in (Reply.kind, PairReply.kind):
            receipted.setdefault((receipt.meter, of), set()).add(receipt.sequence)
    said: dict[tuple[str, RoundName], dict[int, ReplyEntry]] = {}
    replied: list[Reply | PairReply] = [*archive.of(Reply), *archive.of(PairReply)]
    for reply in replied:
        key = reply.meter, round_of(reply)
        if key in names:
            said.setdefault(key, {})[reply.question] = shown_reply(reply, names[key])
    return [
        violation
        for key, name in sorted(names.items())
        if key[1] in replies
        for violation in own_replies(
            key[1].slot, shown_of(replies[key[1]], name), receipted.get(key, set()), said.get(key, {})
        )
    ]


def _round(receipt: Receipt) -> RoundName | None:
    if receipt.stage is None or receipt.round is None:
        return None
    return RoundName(receipt.community, receipt.stage, receipt.slot, receipt.round)
