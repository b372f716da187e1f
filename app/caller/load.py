"""Many light calls against one server: opened at a steady rate, kept talking, measured in windows.

Frames leave on absolute deadlines; the channels are spread over the 20 ms, as those of an Asterisk are.
"""

import asyncio
import contextlib
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from app.caller.load_channel import Channel
from app.caller.load_times import Arrivals
from app.errors import PeerError

FRAME_S = 0.020
SLOTS = 20
"""Channels send in so many groups, 1 ms apart."""
CONNECT_TIMEOUT_S = 5.0
GOODBYE_S = 3.0
"""After hanging up the server may take so long to close."""


@dataclass(slots=True)
class Window:
    """What was seen from `start_s` to `end_s` (monotonic).

    Attributes:
        arrivals: of every channel that was open at the start.
        own_lateness_s: how late the load's own groups of frames left.
        sent_bytes: callers' sound that left.
        listened, spoke: frames of the bot that were looked into, and those with speech.
        own_cpu_s: the load's own CPU time.
        lost: channels that ended within the window.
    """

    start_s: float
    end_s: float = 0.0
    arrivals: list[Arrivals] = field(default_factory=list)
    own_lateness_s: Sequence[float] = ()
    sent_bytes: int = 0
    listened: int = 0
    spoke: int = 0
    own_cpu_s: float = 0.0
    lost: int = 0


class Load:
    """The callers; an async context manager that hangs up at its end.

    Args:
        frames: what every caller says, as wire frames, over and over.
    """

    def __init__(self, host: str, port: int, frames: Sequence[bytes]) -> None:
        self._host = host
        self._port = port
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self._slots: list[list[Channel]] = [[] for _ in range(SLOTS)]
        self._next_slot = 0
        self._pump: asyncio.Task[None] | None = None
        self._lateness_s: array[float] = array("d")
        self.channels: list[Channel] = []
        self.refused = 0
        """Connections that did not come about."""

    async def __aenter__(self) -> "Load":
        self._pump = asyncio.create_task(self._send_for_ever(), name="load")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()
        if self._pump is not None:
            self._pump.cancel()

    @property
    def open(self) -> list[Channel]:
        """Channels that are connected."""
        return [channel for channel in self.channels if channel.open]

    @property
    def heard(self) -> int:
        """Channels that were sent a frame."""
        return sum(1 for channel in self.channels if channel.first_s)

    async def grow(self, calls: int, per_s: float) -> None:
        """Opens channels until `calls` of them were opened in all, `per_s` a second.

        Raises:
            PeerError: the very first connection fails: nobody listens there.
        """
        began_s, first = self._loop.time(), len(self.channels) + self.refused
        for number in range(calls - first):
            await asyncio.sleep(began_s + number / per_s - self._loop.time())
            await self.call()

    async def call(self) -> Channel | None:
        """Opens one channel; None if that failed.

        Raises:
            PeerError: the very first one.
        """
        channel = Channel(uuid4())
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._loop.create_connection(lambda: channel, self._host, self._port)
        except OSError as error:  # TimeoutError is one
            if not self.channels:
                why = error.strerror or f"no answer within {CONNECT_TIMEOUT_S:g} s"
                raise PeerError("unreachable", f"{self._host}:{self._port}: {why}") from None
            self.refused += 1
            return None
        self.channels.append(channel)
        self._slots[self._next_slot].append(channel)
        self._next_slot = (self._next_slot + 1) % SLOTS
        return channel

    async def all_heard(self, timeout_s: float) -> bool:
        """Waits until every open channel was sent a frame."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for channel in self.open:
                    await channel.heard_or_gone.wait()
                return True
        return False

    def begin(self) -> Window:
        """Starts noting."""
        self._lateness_s = array("d")
        listened, spoke, sent = self._counts()
        for channel in self.open:
            channel.at_s, channel.sizes_bytes = array("d"), array("H")
            channel.noting = True
        return Window(
            time.monotonic(), sent_bytes=-sent, listened=-listened, spoke=-spoke, own_cpu_s=-time.process_time()
        )

    def end(self, window: Window) -> Window:
        """Stops noting and fills the window in."""
        window.end_s = time.monotonic()
        window.own_cpu_s += time.process_time()
        listened, spoke, sent = self._counts()
        window.sent_bytes += sent
        window.listened += listened
        window.spoke += spoke
        window.own_lateness_s = self._lateness_s
        for channel in self.channels:
            if channel.noting:
                channel.noting = False
                window.arrivals.append(Arrivals(channel.at_s, channel.sizes_bytes))
                window.lost += not channel.open
        return window

    async def measure(self, seconds: float) -> Window:
        """Notes for so long."""
        window = self.begin()
        await asyncio.sleep(seconds)
        return self.end(window)

    async def hang_up(self, channels: Sequence[Channel] | None = None) -> None:
        """Ends all calls (or these) and waits a little for the server to close too."""
        ending = self.channels if channels is None else channels
        for channel in ending:
            channel.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                for channel in ending:
                    await channel.gone.wait()

    def forget(self) -> None:
        """Drops channels that have ended: a load of thousands of calls, one after the other, keeps its size."""
        self.channels = [channel for channel in self.channels if not channel.closed_s]
        self._slots = [[channel for channel in slot if not channel.closed_s] for slot in self._slots]

    def _counts(self) -> tuple[int, int, int]:
        channels = self.channels
        return sum(c.listened for c in channels), sum(c.spoke for c in channels), sum(c.sent_bytes for c in channels)

    async def _send_for_ever(self) -> None:
        frames, many = self._frames, len(self._frames)
        offsets = [number * many // 64 for number in range(64)]
        began_s, step_s, tick = self._loop.time(), FRAME_S / SLOTS, 0
        while True:
            tick += 1
            due_s = began_s + tick * step_s
            if (wait_s := due_s - self._loop.time()) > 0:
                await asyncio.sleep(wait_s)
            elif wait_s < -1.0:
                began_s -= wait_s  # this machine stood still: what was missed is not sent in a burst
            elif tick % SLOTS == 0:
                await asyncio.sleep(0)
            self._lateness_s.append(max(0.0, self._loop.time() - due_s))
            round_ = tick // SLOTS
            for number, channel in enumerate(self._slots[tick % SLOTS]):
                # Each channel is elsewhere in the sound: callers do not breathe together.
                channel.send(frames[(round_ + offsets[number % 64]) % many])
