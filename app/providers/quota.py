"""Places at a provider, counted by all workers together: its plan allows so many streams at a time and no more.

The counter is an eventfd in semaphore mode (eventfd(2)): taking and giving back are single system calls, whole by
themselves, and no process can hold up another. A process that dies gives nothing back; the supervisor does, from what
the process had told that it holds.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable

from app.errors import ProviderQuotaError, VoicebotError
from app.providers.base import TextToSpeech

PATIENCE_S = 60.0
"""Of what nobody listens to: phrases that are spoken ahead of time."""


class Quota:
    """So many places; shared by all processes that are given `fd`.

    Args:
        fd: an eventfd, see `Quota.of`.
        on_held: told how many places this process holds: before it takes one, and after it gave one back, so that one
            that dies in between has told too many rather than too few.
    """

    def __init__(self, fd: int, on_held: Callable[[int], None] | None = None) -> None:
        self.fd = fd
        self._on_held = on_held
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @classmethod
    def of(cls, places: int) -> "Quota":
        """A new one.

        Raises:
            VoicebotError: the system has no eventfd (it is no Linux).
        """
        if not hasattr(os, "eventfd"):
            raise VoicebotError("voicebot serve needs Linux (eventfd)")
        return cls(os.eventfd(places, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC))

    @property
    def held(self) -> int:
        """Places that this process holds."""
        return self._held

    def try_take(self) -> bool:
        """Takes a place if one is free; to be given back."""
        self._hold(1)
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            self._hold(-1)
            return False
        return True

    async def take(self, within_s: float) -> bool:
        """Takes a place, waits for one if need be."""
        if self.try_take():
            return True
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    await self._one_is_free(loop)
                    if self.try_take():
                        return True
        return False

    def give_back(self, places: int = 1) -> None:
        """Gives places back, one's own or those of a process that died."""
        os.eventfd_write(self.fd, places)
        self._hold(-min(places, self._held))

    def close(self) -> None:
        """Forgets it; the others keep theirs."""
        os.close(self.fd)

    async def _one_is_free(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._waiting:
            loop.add_reader(self.fd, self._wake)
        free = loop.create_future()
        self._waiting.append(free)
        try:
            await free
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(free)
            if not self._waiting:
                loop.remove_reader(self.fd)

    def _wake(self) -> None:
        """Woken are only as many as could have a place: the next one at the next look."""
        while self._waiting:
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(None)
                return

    def _hold(self, more: int) -> None:
        self._held += more
        if self._on_held is not None:
            self._on_held(self._held)


class QuotaVoice:
    """A voice for what has time: each sentence waits for a place, behind the callers'.

    Args:
        voice: the voice itself.
        quota: its places.
    """

    def __init__(self, voice: TextToSpeech, quota: Quota) -> None:
        self._voice = voice
        self._quota = quota
        self.name = voice.name
        self.voice_key = voice.voice_key

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """See `TextToSpeech`."""
        if not await self._quota.take(PATIENCE_S):
            raise ProviderQuotaError(self.name, f"no place within {PATIENCE_S:g} s")
        try:
            async with contextlib.aclosing(self._voice.speak(text)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._quota.give_back()

    async def close(self) -> None:
        """See `TextToSpeech`."""
        await self._voice.close()
