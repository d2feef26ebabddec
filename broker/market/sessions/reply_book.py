"""The replies to the questions of a session, published after it is cleared."""

from broker.market.pages import in_pages
from broker.market.sessions.iteration import Iteration
from wire.messages import ReplyBook, ReplyEntry
from wire.reply_book import reply_bytes


def reply_pages(asked: Iteration | None) -> list[ReplyBook]:
    """The replies that counted in pages that fit a frame, one empty page for none; no page where nobody was asked.

    They are taken: a session is published once.
    """
    if asked is None:
        return []
    pages = list(in_pages(asked.take_replies(), _shown_bytes))
    return [
        ReplyBook(**asked.of._asdict(), page=i, pages=len(pages), entries=tuple(page)) for i, page in enumerate(pages)
    ]


def _shown_bytes(entry: ReplyEntry) -> int:
    return len(reply_bytes(entry)) + 1
