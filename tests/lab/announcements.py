"""What dialplans announce, heard as the bot hears it: over AMI, with the bot's own user."""

import asyncio
import time
from contextlib import suppress

from tests.lab.asterisk import AMI_LOGIN, AMI_PORT, Asterisk

RETRY_S = 0.2
Event = dict[str, str]


class Announcements:
    """Hears an Asterisk's manager events, through its restarts; an async context manager.

    Attributes:
        events: all of them, in order.
    """

    def __init__(self, asterisk: Asterisk) -> None:
        self.events: list[Event] = []
        self._asterisk = asterisk
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Announcements":
        self._listening = asyncio.create_task(self._listen(), name=f"announcements of {self._asterisk.host}")
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._listening is not None
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening

    async def call(self, caller_number: str, timeout_s: float = 20.0) -> Event:
        """Waits for the (newest) call from a number to be announced."""
        end_s = time.monotonic() + timeout_s
        while not (found := self.calls(caller_number)):
            assert time.monotonic() < end_s, f"{self._asterisk.host} announced no call from {caller_number}"
            await asyncio.sleep(0.02)
        return found[-1]

    def calls(self, caller_number: str) -> list[Event]:
        """Announcements of calls from a number."""
        return [
            event
            for event in self.events
            if event.get("UserEvent") == "VoicebotCall" and event.get("CallerNumber") == caller_number
        ]

    async def _listen(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._hear()
            await asyncio.sleep(RETRY_S)

    async def _hear(self) -> None:
        reader, writer = await asyncio.open_connection(self._asterisk.address, AMI_PORT)
        try:
            await reader.readline()  # the banner
            writer.write(AMI_LOGIN)
            while True:
                message = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
                fields = (line.partition(":") for line in message.strip().split("\r\n"))
                self.events.append({name: value.strip() for name, _, value in fields})
        finally:
            writer.close()
