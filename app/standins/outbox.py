"""Messages on their way out, in order, each no sooner than its computing time after it became due."""

import asyncio
from collections.abc import Awaitable, Callable

LONGEST_QUEUE = 2000

Make = Callable[[], Awaitable[list[str]]]


class Outbox:
    """Sends what is put into it; `run` it in a task.

    Args:
        send: hands one message to the socket.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._queue: asyncio.Queue[tuple[float, Make]] = asyncio.Queue(LONGEST_QUEUE)
        self._loop = asyncio.get_running_loop()

    def put(self, delay_s: float, make: Make) -> None:
        """Adds messages that `make` computes when their turn has come.

        Raises:
            asyncio.QueueFull: the receiver is far too slow.
        """
        self._queue.put_nowait((self._loop.time() + delay_s, make))

    async def run(self) -> None:
        """Sends until cancelled, or until the socket is gone."""
        while True:
            due, make = await self._queue.get()
            try:
                messages = await make()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                for message in messages:
                    await self._send(message)
            finally:
                self._queue.task_done()

    async def drain(self, timeout_s: float = 10.0) -> None:
        """Waits until all is sent, at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._queue.join()
        except TimeoutError:
            return
