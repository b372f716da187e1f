"""A sentence that is spoken before it is known whether it will be said."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing


class SpokenAhead:
    """Collects the sound of one sentence, and gives it to whoever says it while it is still being spoken.

    Args:
        text: the sentence.
        stream: its sound (`VoiceLadder.speak`); bounded by the sentence.
    """

    def __init__(self, text: str, stream: AsyncGenerator[tuple[bytes, bool], None]) -> None:
        self.text = text
        self._pieces: list[tuple[bytes, bool]] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._collect(stream), name="spoken-ahead")
        self._task.add_done_callback(self._collected)

    async def pieces(self) -> AsyncGenerator[tuple[bytes, bool], None]:
        """What the stream yields, from its beginning.

        Raises:
            ProviderError: as the stream.
        """
        try:
            while True:
                while self._pieces:
                    yield self._pieces.pop(0)
                if self._task.done():
                    break
                self._more.clear()
                await self._more.wait()
            await self._task  # raises what the stream did
        finally:
            self.stop()

    def stop(self) -> None:
        """Nobody wants it."""
        self._task.cancel()

    async def _collect(self, stream: AsyncGenerator[tuple[bytes, bool], None]) -> None:
        async with aclosing(stream):
            async for piece in stream:
                self._pieces.append(piece)
                self._more.set()

    def _collected(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # retrieved: it is nobody's matter unless the sentence is said
        self._more.set()
