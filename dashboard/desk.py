"""What all pages of this process share: settings, who is logged in, the databases in a thread with its own loop."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.store.pool import Database
from dashboard.access.refusals import Refusals
from dashboard.access.sessions import Sessions, Throttle
from dashboard.access.users import Users
from dashboard.config import DashboardSettings

T = TypeVar("T")
log = logging.getLogger("dashboard")
ANSWER_S = 35.0
"""No statement takes longer; a bound for what should never happen."""


class LoopThread:
    """Runs coroutines for threads that have no loop: Streamlit's scripts."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="databases", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it there and waits for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)

    async def await_there(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for a coroutine of another loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def stop(self) -> None:
        """Ends the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)
        if not self._thread.is_alive():
            self._loop.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """See `open_desk`.

    Attributes:
        tickets: for the role that only reads.
        clients: the same, the other database.
        changes: the database of tickets, for the role that may change them.
    """

    settings: DashboardSettings
    users: Users
    sessions: Sessions
    throttle: Throttle
    refusals: Refusals
    loop: LoopThread
    tickets: Database
    clients: Database
    changes: Database
    cookie: str

    def ask(self, query: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, **options: Any) -> T:
        """Runs a query of `dashboard.queries` and waits for its result.

        Raises:
            StoreError: the database does not answer.
        """
        return self.loop.run(query(*arguments, **options))

    async def check(self) -> None:
        """Whether both databases answer.

        Raises:
            StoreError: one does not.
        """
        await asyncio.gather(self.tickets.fetchrow("SELECT 1"), self.clients.fetchrow("SELECT 1"))

    def close(self) -> None:
        """Closes the connections."""
        closing: list[Awaitable[None]] = [self.tickets.close(), self.clients.close(), self.changes.close()]

        async def close_all() -> None:
            await asyncio.gather(*closing)

        self.loop.run(close_all())
        self.loop.stop()


_desk: Desk | None = None


def open_desk(settings: DashboardSettings) -> Desk:
    """Makes the one of this process; nothing is connected yet."""
    global _desk
    users = Users(settings.users_file)
    _desk = Desk(
        settings=settings,
        users=users,
        sessions=Sessions(users, settings.session_s, time.monotonic),
        throttle=Throttle(time.monotonic),
        refusals=Refusals(lambda: datetime.now(settings.zone), log.warning),
        loop=LoopThread(),
        tickets=Database(settings.reader_url, name="tickets database"),
        clients=Database(settings.clients_url, name="clients database"),
        changes=Database(settings.supervisor_url, name="tickets database", pool_size=2),
        # The prefix makes browsers refuse it from a page without TLS or from another host of the domain.
        cookie="__Host-voicebot" if settings.secure_cookie else "voicebot",
    )
    return _desk


def desk() -> Desk:
    """The one that `open_desk` made."""
    assert _desk is not None, "open_desk comes first"
    return _desk
