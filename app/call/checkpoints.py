"""A call is on disk as it stands, after every turn, without anybody waiting for it: a crash leaves a ticket."""

import asyncio
from collections.abc import Callable

import structlog

from app.errors import StoreError
from app.store.tickets import Ticket
from app.store.writer import TicketWriter

log = structlog.get_logger(__name__)


class Checkpoints:
    """Of one call; a slow disk skips states, the latest one wins.

    Args:
        writer: the way of all tickets.
        ticket: the call as it stands.
    """

    def __init__(self, writer: TicketWriter, ticket: Callable[[], Ticket]) -> None:
        self._writer = writer
        self._ticket = ticket
        self._task: asyncio.Task[None] | None = None
        self._due = False

    def save(self) -> None:
        """Has the present state put on disk."""
        self._due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._save(), name="checkpoint")

    def stop(self) -> None:
        """No more of them: the call's last state comes by `TicketWriter.close_call`."""
        if self._task is not None:
            self._task.cancel()

    async def _save(self) -> None:
        while self._due:
            self._due = False
            try:
                await self._writer.checkpoint(self._ticket())
            except StoreError as error:
                log.warning("call not checkpointed", detail=str(error))
