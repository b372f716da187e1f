"""What waits for one reader: a bounded queue that is small, because every call has several."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """First in, first out; one reader, writers on the same loop.

    An `asyncio.Queue` serves many readers and writers who wait: four deques and an event, 3 KB each time.

    Args:
        limit: so many may wait.
    """

    __slots__ = ("_limit", "_reader", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: list[T] = []
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T) -> bool:
        """Adds one; False when it is full."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(item)
        self.wake()
        return True

    def take(self) -> T:
        """The next one.

        Raises:
            IndexError: nothing waits.
        """
        return self._waiting.pop(0)

    async def arrival(self) -> None:
        """Waits until something is there, or `wake` is called; the caller looks anew."""
        if not self._waiting:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    async def get(self) -> T:
        """The next one; waits for it."""
        while not self._waiting:
            await self.arrival()
        return self._waiting.pop(0)

    def wake(self) -> None:
        """Lets the reader look."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
