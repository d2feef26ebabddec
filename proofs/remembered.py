"""What a process has read before it does not read again: the same bytes have the same answer.

In a proof every reader of a frame lives in one process, and restarts read the same frames again. Nothing but reading
and signing is remembered; one proof forgets what another one read.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from unittest.mock import patch

from broker.control import service
from broker.market.admission import inbox
from broker.market.sessions import publication
from hems.control import transactive_meter
from hems.control.meter import frames
from proofs import checks, clock_checks

KEPT = 20_000
READING = (
    (service, "decode_event"),
    (checks, "decode_event"),
    (clock_checks, "decode_event"),
    (inbox, "split"),
    (inbox, "is_signed_by"),
    (inbox, "decode"),
    (publication, "signed_note"),
    (transactive_meter, "open_frame"),
    (transactive_meter, "decode"),
    (frames, "seal"),
)


@contextmanager
def remembered_reading() -> Iterator[None]:
    """In here, pure functions of frames are worked out once; what they refuse they look at anew each time."""
    with ExitStack() as stack:
        for module, name in READING:
            stack.enter_context(patch.object(module, name, lru_cache(maxsize=KEPT)(getattr(module, name))))
        yield
