"""Rows of a long publication in pages that fit a frame."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

PAGE_BYTES = 15_000
T = TypeVar("T")


def in_pages(items: Sequence[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in pages of at most 15,000 bytes, of which each takes `size`; one empty page for no items."""
    page: list[T] = []
    used = 0
    for item in items:
        taken = size(item)
        if page and used + taken > PAGE_BYTES:
            yield page
            page, used = [], 0
        page.append(item)
        used += taken
    yield page
