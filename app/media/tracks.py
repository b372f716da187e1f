"""A call's two tracks on the bot's 20 ms clock: puts sound where it belongs and hands blocks on. Pure.

How the tracks are kept together is told in `docs/recordings.md`; `app.media.recording` writes the blocks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.errors import MediaError

RATE_HZ = 8000
"""AudioSocket's slin (`res_audiosocket.c`, kind 0x10)."""
FRAME_BYTES = 320
"""One tick of one track: 20 ms, 160 samples."""
SAMPLE_BYTES = 2
TRACKS = ("caller", "bot")
"""Left, right."""

TRACK_BYTES_PER_S = RATE_HZ * SAMPLE_BYTES
BLOCK_BYTES = TRACK_BYTES_PER_S // 2
"""Half a second of one track goes to the writer at a time: after a crash less than one second is missing."""
HISTORY_BYTES = 3 * TRACK_BYTES_PER_S
"""How far back late sound still finds its place: four retransmissions of TCP (0.2 + 0.4 + 0.8 + 1.6 s)."""
LATE_BYTES = 60 * TRACK_BYTES_PER_S // 1000
"""Jitter that is smoothed over; a caller track further behind than that has a gap."""
AHEAD_BYTES = 200 * TRACK_BYTES_PER_S // 1000
"""Caller sound waits at most this long for the bot's clock."""
WINDOW_BYTES = HISTORY_BYTES + 2 * BLOCK_BYTES + AHEAD_BYTES
HELD_BYTES = HISTORY_BYTES + AHEAD_BYTES
"""More caller sound than that between two ticks is no burst but a flood."""
AHEAD_TICKS = 5
"""A clock that stalled tells so (`bot_gap`) on one of its next ticks; until then nothing is thrown away."""


@dataclass(slots=True)
class RecordingStats:
    """What could not be recorded as it was, in samples of one track (8 kHz).

    Attributes:
        caller_gap_samples: silence put where the caller's sound was missing.
        caller_dropped_samples: caller sound that came and is not in the file.
        lost_samples: samples of both tracks that the writer could not take; silence in the file.
    """

    caller_gap_samples: int = 0
    caller_dropped_samples: int = 0
    lost_samples: int = 0


class Sink(Protocol):
    """Where the blocks of one recording go. Offsets are samples since the start of the call."""

    path: Path
    failed: bool

    def block(self, offset_samples: int, caller: bytes, bot: bytes) -> bool:
        """Takes two equally long pieces; False if it can't now. Never blocks; may be told a place twice."""

    def finish(self, offset_samples: int, caller: bytes, bot: bytes, stats: RecordingStats) -> None:
        """Takes the last piece; the recording ends where it ends."""

    async def finished(self, timeout_s: float) -> bool:
        """Waits until all is written."""


class Recording:
    """One call, being recorded. All methods are for the event loop; none blocks, or raises for the disk.

    Offsets inside are bytes of one track, counted from the start of a sliding window.
    """

    __slots__ = (
        "_ahead_ticks", "_at", "_base_samples", "_bot", "_caller", "_closed", "_cursor", "_due",
        "_flushed", "_gap", "_pending", "_run", "_sink", "stats",
    )  # fmt: skip

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.stats = RecordingStats()
        self._caller = memoryview(bytearray(WINDOW_BYTES))
        self._bot = memoryview(bytearray(WINDOW_BYTES))
        self._base_samples = 0  # the window's start in the file
        self._at = 0  # the bot's clock; behind it, both tracks are still zero
        self._cursor = 0  # where the caller's next sample goes, never ahead of the clock
        self._run = 0  # the unbroken run of caller sound that ends at the cursor began here …
        self._gap = 0  # … after this much silence
        self._flushed = 0  # the writer has all before
        self._due = BLOCK_BYTES
        self._pending = bytearray()  # caller sound that the clock has not reached
        self._ahead_ticks = 0
        self._closed = False

    @property
    def path(self) -> Path:
        """The .raw file."""
        return self._sink.path

    @property
    def failed(self) -> bool:
        """The disk refused it; the call goes on, unrecorded."""
        return self._sink.failed

    @property
    def position_samples(self) -> int:
        """The bot's clock: samples since the start."""
        return self._base_samples + self._at // SAMPLE_BYTES

    def caller(self, pcm: bytes) -> None:
        """Takes caller sound as it arrives: s16le mono 8 kHz, any even length."""
        if len(pcm) % SAMPLE_BYTES:
            pcm = pcm[:-1]
            self.stats.caller_dropped_samples += 1
        if self._closed:
            return
        pending = self._pending
        pending += pcm
        if len(pending) > HELD_BYTES:
            self._drop_oldest(len(pending) - HELD_BYTES)

    def bot(self, pcm: bytes | memoryview) -> None:
        """Takes the frame that left on this tick of the bot's clock: s16le mono 8 kHz, 320 bytes.

        Raises:
            MediaError: another length.
        """
        if self._closed:
            return
        start = self._at
        now = start + FRAME_BYTES
        try:
            self._bot[start:now] = pcm
        except ValueError:
            raise MediaError(f"a frame of the bot has {FRAME_BYTES} bytes, not {len(pcm)}") from None
        self._at = now
        if self._pending:
            cursor = self._cursor
            end = cursor + len(self._pending)
            if cursor >= 0 and 0 <= now - end <= LATE_BYTES:
                self._caller[cursor:end] = self._pending
                self._pending.clear()
                self._cursor = end
                if cursor < self._flushed:
                    self._flushed = cursor
            else:
                self._place()
        if now >= self._due:
            self._roll()

    def bot_gap(self, frames: int) -> None:
        """Moves the clock over ticks that a stall swallowed: silence from the bot."""
        size = frames * FRAME_BYTES
        if self._closed or size <= 0:
            return
        if size > HISTORY_BYTES:
            self._leap(size - HISTORY_BYTES)
            size = HISTORY_BYTES
        while size:
            step = min(size, BLOCK_BYTES)
            size -= step
            self._at += step
            if not size and self._pending:
                self._place()
            if self._at >= self._due:
                self._roll()

    def close(self) -> None:
        """Ends the recording and returns at once; what remains is written by the writer thread."""
        if self._closed:
            return
        self._closed = True
        self._place()
        self._settle()
        end = self._at + len(self._pending)  # sound still waits only where the cursor has met the clock
        self._caller[self._at : end] = self._pending
        self._pending.clear()
        start = self._flushed
        self._sink.finish(
            self._base_samples + start // SAMPLE_BYTES,
            bytes(self._caller[start:end]),
            bytes(self._bot[start:end]),
            self.stats,
        )

    async def closed(self, timeout_s: float) -> bool:
        """Waits until the file and its description are complete.

        Returns:
            False if they are not, because of the time or of the disk.
        """
        return await self._sink.finished(timeout_s)

    def _place(self) -> None:
        """Puts waiting caller sound in its place, up to the clock; all that is not plain succession."""
        now, pending = self._at, self._pending
        if not pending:
            return
        if self._cursor < 0 or now - self._cursor - len(pending) > LATE_BYTES:
            # Nothing came for a while. What came last was spoken just now; before it lies a gap.
            if len(pending) > now:
                self._drop_oldest(len(pending) - now)
            start = now - len(pending)
            self._run, self._gap = start, start - self._cursor
            self.stats.caller_gap_samples += self._gap // SAMPLE_BYTES
            self._cursor = start
        self._take(now - self._cursor)
        if len(pending) <= (LATE_BYTES if self._gap else AHEAD_BYTES):
            self._ahead_ticks = 0
            return
        self._ahead_ticks += 1
        if self._ahead_ticks > AHEAD_TICKS:
            self._settle()

    def _take(self, room: int) -> None:
        """Moves up to `room` bytes of waiting sound to the cursor."""
        start = self._cursor
        piece = self._pending[:room]
        self._caller[start : start + len(piece)] = piece
        del self._pending[:room]
        self._cursor = start + len(piece)
        self._flushed = min(self._flushed, start)

    def _settle(self) -> None:
        """More came than time has passed: what fits into the last gap goes there, the rest is too much."""
        self._ahead_ticks = 0
        if len(self._pending) > LATE_BYTES and self._gap:
            self._pull_back()
        if len(self._pending) > AHEAD_BYTES:
            self._drop_oldest(len(self._pending) - AHEAD_BYTES)

    def _pull_back(self) -> None:
        """The gap was a delay: the run after it moves back into it, and makes room for what waits."""
        shift = min(self._gap, self._run, len(self._pending))
        if shift <= 0:
            self._gap = 0
            return
        start, end = self._run, self._cursor
        self._caller[start - shift : end - shift] = self._caller[start:end]
        self._flushed = min(self._flushed, start - shift)
        self._run -= shift
        self._gap -= shift
        self._cursor -= shift
        self.stats.caller_gap_samples -= shift // SAMPLE_BYTES
        self._take(shift)

    def _drop_oldest(self, size: int) -> None:
        del self._pending[:size]
        self.stats.caller_dropped_samples += size // SAMPLE_BYTES

    def _roll(self) -> None:
        """Hands on what the writer does not have yet and makes room in the window."""
        start, now = self._flushed, self._at
        offset = self._base_samples + start // SAMPLE_BYTES
        if self._sink.block(offset, bytes(self._caller[start:now]), bytes(self._bot[start:now])):
            self._flushed = now
        if now > HISTORY_BYTES:
            self._slide(now - HISTORY_BYTES)
        self._due = self._at + BLOCK_BYTES

    def _slide(self, shift: int) -> None:
        """Forgets the first `shift` bytes of the window."""
        now = self._at
        kept = now - shift
        for track in (self._caller, self._bot):
            track[:kept] = track[shift:now]
            track[kept:now] = bytes(shift)
        self._at = kept
        self._move_base(shift)

    def _leap(self, size: int) -> None:
        """A stall longer than the window: the silence in it is a hole in the file, nothing is written."""
        self._roll()
        now = self._at
        for track in (self._caller, self._bot):
            track[:now] = bytes(now)
        self.stats.lost_samples += (now - self._flushed) // SAMPLE_BYTES
        self._flushed = now + size
        self._at = 0
        self._move_base(now + size)
        self._due = BLOCK_BYTES

    def _move_base(self, shift: int) -> None:
        self._base_samples += shift // SAMPLE_BYTES
        self._cursor -= shift
        self._run -= shift
        self._flushed -= shift
        if self._flushed < 0:
            self.stats.lost_samples += -self._flushed // SAMPLE_BYTES
            self._flushed = 0
