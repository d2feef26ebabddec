"""What a broker has published, computed again from its journal, as the lines of an archive."""

from collections.abc import Iterable, Iterator

from broker.audit.archive import line_of
from broker.io.carried_states import opened
from broker.io.journal_sqlite import SqliteJournal
from broker.io.state_dir import StateDir
from broker.market.events import decode_event
from broker.market.outgoing import Outgoing
from wire.codec import encode
from wire.messages import Settlement
from wire.signing import SigningKey, seal
from wire.topics import BY_KIND, topic


def exported(state: StateDir, meter: str | None, *, settlements: bool = False) -> Iterator[str]:
    """The lines of a state directory: the calendar, everything public, and what one meter was told.

    Of a journal whose older records are erased it is what followed. With `settlements` also what each slot cost each
    member: it opens the log's commitments to an auditor.

    Raises: StorageFailed when a file is missing or damaged, NoTerms when the journal is not the broker's.
    """

    def _is_wanted(out: Outgoing) -> bool:
        return out.meter in ("", meter) or (settlements and isinstance(out.message, Settlement))

    journal = SqliteJournal(state.journal, read_only=True)
    try:
        key, fold = state.read_key(), opened(journal, state.read_secret())
        market = fold.market
        calendar = market.terms.calendar(key.public_hex, market.publisher.key.public_hex)
        rules = market.storage.rules()
        yield from archive_lines([Outgoing(message) for message in (calendar, rules) if message is not None], key)
        for record in journal.records(fold.journaled):
            caused = fold.apply(decode_event(record))
            yield from archive_lines([out for _, out in caused if _is_wanted(out)], key)
    finally:
        journal.close()


def archive_lines(sent: Iterable[Outgoing], key: SigningKey) -> Iterator[str]:
    """Messages as the signed frames that were sent."""
    for out in sent:
        rule, payload = BY_KIND[out.message.kind], encode(out.message)
        community = out.message.community
        frame = seal(key, rule.kind, community, payload) if rule.signed else payload
        yield line_of(topic(rule.kind, community, out.meter), frame)
