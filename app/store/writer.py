"""Brings every ticket home: to disk while a call lasts, to the database when it ends, later if it must be.

A call never waits for the database, and only for the disk when it checkpoints. A call cut off by a crash of
this process is on disk as it was checkpointed (as "abandoned", if the caller of this room says so) and is
stored at the next start.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from app.errors import StoreError
from app.store.pool import SAVE_S, RefusedError
from app.store.spool import Spool
from app.store.tickets import Ticket, Tickets

DISK_S = 5.0
JOBS_MAX = 512
"""Waiting jobs of the one file thread; a disk that hangs must not eat the memory too."""
CLOSED_MAX = 1024
"""How many closed calls are remembered, so that a late checkpoint does not bring one back."""
REPLAY_INTERVAL_S = 10.0

Outcome = Literal["stored", "refused", "away"]
T = TypeVar("T")


class TicketWriter:
    """The way of all tickets of one process.

    All file work runs in one thread, in the order in which it was asked for.

    Args:
        spool: not used by anybody else in this process.
        tickets: the table.
        interval_s: between two tries to replay.
        on_change: told how many tickets wait for the database, whenever that changes.
        on_replayed: told of each ticket that reached the database late.
        on_trouble: told why tickets wait, whenever the reason changes; None when they are stored again.
    """

    def __init__(
        self,
        spool: Spool,
        tickets: Tickets,
        *,
        interval_s: float = REPLAY_INTERVAL_S,
        on_change: Callable[[int], None] | None = None,
        on_replayed: Callable[[Ticket], None] | None = None,
        on_trouble: Callable[[str | None], None] | None = None,
    ) -> None:
        self._spool = spool
        self._tickets = tickets
        self._interval_s = interval_s
        self._on_change = on_change
        self._on_replayed = on_replayed
        self._on_trouble = on_trouble
        self._files = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._jobs = 0
        self._active: set[Path] = set()
        self._closed: OrderedDict[Path, None] = OrderedDict()
        self._waiting: set[Path] = set()
        self._told: int | None = None
        self._told_trouble: str | None = None
        self._replaying = asyncio.Lock()
        self._look = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Tickets of ended calls that are on disk and not in the database, as last seen."""
        return len(self._waiting)

    def start(self) -> None:
        """Starts the background replay; whoever calls this also calls `stop`."""
        if self._task is None:
            self._task = asyncio.create_task(self.run(), name="ticket replay")

    async def stop(self) -> None:
        """Ends the background replay and the file thread; what waits stays on disk. Never raises."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=DISK_S)
        with suppress(StoreError):
            await self._on_disk(self._spool.close)
        self._files.shutdown(wait=False)

    async def run(self) -> None:
        """Replays at once, then whenever asked to and every `interval_s`, for ever."""
        while True:
            try:
                await self.replay()
            except Exception as error:
                # Whatever it was, it may be over next time; a replay that ends here would never come back.
                self._trouble(str(error) or type(error).__name__)
            self._look.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._look.wait()

    async def checkpoint(self, ticket: Ticket) -> None:
        """Puts the present state of an active call on disk; in order with all other checkpoints.

        Does nothing for a call that was closed.

        Raises:
            StoreError: the disk can't take it within 5 s.
        """
        key = self._spool.path_of(ticket)
        if key in self._closed:
            return
        self._active.add(key)
        await self._on_disk(lambda: self._spool.save(ticket))

    async def number(self, ticket: Ticket, *, within_s: float) -> int:
        """Stores the present state of an active call in the database and returns the ticket's number.

        Raises:
            StoreError: the database can't take it within that time. Nothing is lost: `close_call` is still to come.
        """
        return await self._tickets.number(ticket, within_s=within_s)

    def reopen(self, ticket: Ticket) -> None:
        """A closed call goes on: its checkpoints count again."""
        self._closed.pop(self._spool.path_of(ticket), None)

    async def close_call(self, ticket: Ticket) -> bool:
        """Stores the last state of a call: on disk, then in the database within 5 s.

        Returns:
            True when it is in the database, False when it waits on disk and will be replayed.

        Raises:
            StoreError: neither disk nor database took it. Log the ticket: nobody else has it.
        """
        key = self._spool.path_of(ticket)
        self._remember_closed(key)
        self._active.add(key)
        try:
            unspooled: StoreError | None = None
            try:
                await self._on_disk(lambda: self._spool.save(ticket))
            except StoreError as error:
                unspooled = error
            outcome = await self._store(ticket)
            if outcome != "stored" and unspooled is not None:
                raise unspooled
            return outcome == "stored"
        except asyncio.CancelledError:
            self._waiting.add(key)
            raise
        finally:
            self._active.discard(key)
            self._tell()

    async def replay(self) -> int:
        """Stores every ticket on disk that belongs to no active call, here or in another living process.

        Stops at the first that the database can't take now, since it would not take the others either.

        Returns:
            How many reached the database.

        Raises:
            StoreError: the spool can't be read.
        """
        async with self._replaying:
            stored = 0
            paths = [p for p in await self._on_disk(self._spool.unclaimed) if p not in self._active]
            self._waiting = set(paths)
            for path in paths:
                ticket = await self._on_disk(partial(self._spool.claim, path))
                outcome = "refused" if ticket is None else await self._store(ticket)
                if outcome == "away":
                    break
                self._waiting.discard(path)
                if ticket is not None and outcome == "stored":
                    stored += 1
                    if self._on_replayed:
                        self._on_replayed(ticket)
            self._tell()
            return stored

    async def _store(self, ticket: Ticket) -> Outcome:
        """Takes a claimed ticket to the database and off the disk; what is refused there is moved aside."""
        path = self._spool.path_of(ticket)
        try:
            await self._tickets.save(ticket, within_s=SAVE_S)
        except RefusedError as error:
            reason = str(error)
            await self._on_disk(lambda: self._spool.set_aside(ticket, reason))
            self._waiting.discard(path)
            return "refused"
        except StoreError as error:
            self._trouble(str(error))
            await self._on_disk(lambda: self._spool.release(ticket))
            self._waiting.add(path)
            return "away"
        self._trouble(None)
        if self._waiting - {path}:
            self._look.set()  # the database is back, the others need not wait for the interval
        with suppress(StoreError):  # it stays on disk then, and storing it once more changes nothing
            await self._on_disk(lambda: self._spool.remove(ticket))
        self._waiting.discard(path)
        return "stored"

    def _trouble(self, detail: str | None) -> None:
        if detail != self._told_trouble:
            self._told_trouble = detail
            if self._on_trouble:
                self._on_trouble(detail)

    def _remember_closed(self, key: Path) -> None:
        self._closed[key] = None
        while len(self._closed) > CLOSED_MAX:
            self._closed.popitem(last=False)

    def _tell(self) -> None:
        if self._on_change and self._told != len(self._waiting):
            self._told = len(self._waiting)
            self._on_change(self._told)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        """Queues file work in the one thread and waits for it, 5 s at most; it gets done regardless."""
        if self._jobs >= JOBS_MAX:
            raise StoreError(f"spool {self._spool.directory}: {JOBS_MAX} jobs wait for a slow disk")
        try:
            job = asyncio.get_running_loop().run_in_executor(self._files, work)
        except RuntimeError as error:
            raise StoreError(f"spool {self._spool.directory}: closed") from error
        self._jobs += 1
        job.add_done_callback(self._job_done)
        try:
            # Not wait_for(): up to Python 3.11 it swallows a cancellation that coincides with the result.
            async with asyncio.timeout(DISK_S):
                return await asyncio.shield(job)
        except TimeoutError as error:
            raise StoreError(f"spool {self._spool.directory}: the disk took over {DISK_S:g} s") from error

    def _job_done(self, job: "asyncio.Future[T]") -> None:
        self._jobs -= 1
        if not job.cancelled():
            job.exception()  # taken note of here, for jobs that nobody waits for any more
