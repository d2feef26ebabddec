"""Running the operator's page until it is asked to stop."""

import asyncio
import signal
from collections.abc import Callable

from broker.io.carried_states import journal_terms
from broker.io.config import BrokerConfig
from broker.io.journal_sqlite import SqliteJournal
from broker.io.page.reading import MarketRecords
from broker.io.page.site import OperatorPage
from broker.io.state_dir import StateDir
from broker.market.market import Market
from broker.market.storage_terms import StorageTerms
from doctor.alive import tell_alive
from web.access import Access
from web.guard import Guard, Reach
from web.listening import listening
from wire.messages import Calendar

LINK_COMMAND = "community-broker page --link"


async def serve(config: BrokerConfig, port: int, access: Access, ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; `ready` hears the page's address.

    Raises: StorageFailed or NoTerms when no broker has written to the state directory, PortTaken.
    """
    state = StateDir(config.state_dir)
    calendar, storage = _agreed(state)
    records = MarketRecords(state.records, calendar, [member.meter for member in config.members], storage)
    try:
        reach = Reach(port=port, lan=config.page.lan, names=config.page.names, link_command=LINK_COMMAND)
        page = OperatorPage(records, calendar, state.root, Guard(reach, access))
        listener = await listening(page.application, "0.0.0.0" if config.page.lan else "127.0.0.1", port)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        following = [asyncio.create_task(page.follow()), asyncio.create_task(tell_alive())]
        ready(f"http://127.0.0.1:{listener.port}/")
        try:
            await stop.wait()
        finally:
            for task in following:
                task.cancel()
            await listener.close()
    finally:
        records.close()


def _agreed(state: StateDir) -> tuple[Calendar, StorageTerms | None]:
    """The calendar as the broker publishes it, and what is agreed on a shared storage (None: there is none)."""
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        market = Market(journal_terms(journal), state.read_secret())
        calendar = market.terms.calendar(state.read_key().public_hex, market.publisher.key.public_hex)
        return calendar, market.terms.shared_storage
    finally:
        journal.close()
