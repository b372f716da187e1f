"""Callers who were transferred and whom no technician answered: their tickets must not say that somebody took over."""

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from app.dialogue.case import unanswered_summary
from app.dialogue.prompts import Names
from app.errors import StoreError
from app.store.tickets import Tickets

log = structlog.get_logger(__name__)

RETRY_S = 2.0
"""Before the second try, and twice as long before each further one: the ticket may still be on its way."""
MAX_RETRY_S = 60.0
KEPT_S = 3600.0
"""A database that is away for longer keeps "transferred"; that is logged."""
MAX_WAITING = 1_000


class Unanswered:
    """Opens such tickets, in the background.

    Every worker hears of every such call (the one that took it may have died) and may open its ticket; only the first
    changes it.

    Args:
        tickets: the table.
        names: what things are called in summaries.
        retry_s: before the second try.
    """

    def __init__(self, tickets: Tickets, names: Names, retry_s: float = RETRY_S) -> None:
        self._tickets = tickets
        self._names = names
        self._retry_s = retry_s
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[UUID, float] = {}
        """Until when each is tried."""
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; whoever calls this also calls `stop`."""
        self._task = asyncio.create_task(self._run(), name="unanswered")

    async def stop(self) -> None:
        """Ends; says which tickets stay as they are."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
        for call_uuid in self._waiting:
            self._left(call_uuid)

    def note(self, call_uuid: UUID) -> None:
        """A call ended without any technician having answered."""
        if len(self._waiting) >= MAX_WAITING:
            self._left(call_uuid)
            return
        self._waiting[call_uuid] = self._loop.time() + KEPT_S
        self._news.set()

    async def _run(self) -> None:
        pause_s = self._retry_s
        while True:
            if self._news.is_set():
                self._news.clear()
                pause_s = self._retry_s
            with suppress(StoreError):  # the database is away, and with it all the others, until the next try
                await self._open_all()
            try:
                async with asyncio.timeout(pause_s if self._waiting else None):
                    await self._news.wait()
            except TimeoutError:
                pause_s = min(2 * pause_s, MAX_RETRY_S)

    async def _open_all(self) -> None:
        for call_uuid, until_s in tuple(self._waiting.items()):
            if await self._open(call_uuid):
                del self._waiting[call_uuid]
            elif self._loop.time() > until_s:
                del self._waiting[call_uuid]
                self._left(call_uuid)

    async def _open(self, call_uuid: UUID) -> bool:
        """Whether there is nothing left to do; not so while the call is still being written."""
        ticket = await self._tickets.by_call(call_uuid)
        if ticket is None or ticket.ended_at is None:
            return False
        if ticket.status == "transferred":
            summary = unanswered_summary(ticket.summary, ticket.caller_number, self._names)
            if await self._tickets.unanswered(ticket, summary):
                log.info("no technician answered: ticket opened", call_id=str(call_uuid), ticket=ticket.id)
        return True

    def _left(self, call_uuid: UUID) -> None:
        log.warning("no technician answered, and the ticket could not be opened", call_id=str(call_uuid))
