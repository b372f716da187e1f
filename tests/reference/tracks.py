"""The two tracks of a recording, in Python: what `ext/tracks.pyx` does, written for reading.

Offsets inside are samples of one track, counted from the start of a sliding window.
"""

from typing import Protocol

FRAME_SAMPLES = 160
BLOCK_SAMPLES = 960
HISTORY_SAMPLES = 24_000
LATE_SAMPLES = 480
AHEAD_SAMPLES = 1600
HELD_SAMPLES = HISTORY_SAMPLES + AHEAD_SAMPLES
AHEAD_TICKS = 5


class Sink(Protocol):
    """Where the blocks go."""

    def block(self, offset_samples: int, both: bytes) -> bool:
        """A piece of both tracks, interleaved; False if it can't be taken now."""

    def finish(self, offset_samples: int, both: bytes) -> None:
        """The last piece."""


class Tracks:
    """One call, being recorded."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.caller_gap_samples = 0
        self.caller_dropped_samples = 0
        self.lost_samples = 0
        self._caller: list[int] = []
        self._bot: list[int] = []
        self._base = 0  # the window's start in the file; the bot's clock is at the window's end
        self._cursor = 0  # where the caller's next sample goes, never ahead of the clock
        self._run = 0  # the unbroken run of caller sound that ends at the cursor began here …
        self._gap = 0  # … after this much silence
        self._flushed = 0  # the sink has all before
        self._due = BLOCK_SAMPLES
        self._pending: list[int] = []
        self._ahead_ticks = 0
        self.closed = False

    @property
    def position_samples(self) -> int:
        """The bot's clock: samples since the start."""
        return self._base + len(self._bot)

    @property
    def window_bytes(self) -> int:
        """Memory of both tracks, were they packed."""
        return 4 * len(self._bot)

    def caller(self, pcm: bytes) -> None:
        """Takes caller sound as it arrives."""
        if len(pcm) % 2:
            self.caller_dropped_samples += 1
        if self.closed:
            return
        self._pending += _samples(pcm[: len(pcm) // 2 * 2])
        if len(self._pending) > HELD_SAMPLES:
            self._drop_oldest(len(self._pending) - HELD_SAMPLES)

    def bot(self, pcm: bytes) -> None:
        """Takes the frame that left on this tick of the bot's clock."""
        if len(pcm) != 2 * FRAME_SAMPLES:
            raise ValueError(f"a frame of the bot has {2 * FRAME_SAMPLES} bytes, not {len(pcm)}")
        if self.closed:
            return
        self._bot += _samples(pcm)
        self._caller += [0] * FRAME_SAMPLES
        behind = len(self._bot) - self._cursor - len(self._pending)
        if self._pending:
            if self._cursor >= 0 and 0 <= behind <= LATE_SAMPLES:
                self._take(len(self._pending))
            else:
                self._place()
        if len(self._bot) >= self._due:
            self._roll()

    def bot_gap(self, frames: int) -> None:
        """Moves the clock over ticks that a stall swallowed."""
        count = frames * FRAME_SAMPLES
        if self.closed or count <= 0:
            return
        if count > HISTORY_SAMPLES:
            self._leap(count - HISTORY_SAMPLES)
            count = HISTORY_SAMPLES
        while count:
            step = min(count, BLOCK_SAMPLES)
            count -= step
            self._bot += [0] * step
            self._caller += [0] * step
            if not count and self._pending:
                self._place()
            if len(self._bot) >= self._due:
                self._roll()

    def close(self) -> None:
        """Ends the recording."""
        if self.closed:
            return
        self.closed = True
        self._place()
        self._settle()
        caller = self._caller + self._pending
        bot = self._bot + [0] * len(self._pending)
        self._pending = []
        self._sink.finish(self._base + self._flushed, _both(caller[self._flushed :], bot[self._flushed :]))

    def _place(self) -> None:
        now = len(self._bot)
        if not self._pending:
            return
        if self._cursor < 0 or now - self._cursor - len(self._pending) > LATE_SAMPLES:
            if len(self._pending) > now:
                self._drop_oldest(len(self._pending) - now)
            start = now - len(self._pending)
            self._run, self._gap = start, start - self._cursor
            self.caller_gap_samples += self._gap
            self._cursor = start
        self._take(now - self._cursor)
        if len(self._pending) <= (LATE_SAMPLES if self._gap else AHEAD_SAMPLES):
            self._ahead_ticks = 0
            return
        self._ahead_ticks += 1
        if self._ahead_ticks > AHEAD_TICKS:
            self._settle()

    def _take(self, room: int) -> None:
        piece, self._pending = self._pending[:room], self._pending[room:]
        if piece:
            self._flushed = min(self._flushed, self._cursor)
            self._caller[self._cursor : self._cursor + len(piece)] = piece
            self._cursor += len(piece)

    def _settle(self) -> None:
        self._ahead_ticks = 0
        if len(self._pending) > LATE_SAMPLES and self._gap:
            self._pull_back()
        if len(self._pending) > AHEAD_SAMPLES:
            self._drop_oldest(len(self._pending) - AHEAD_SAMPLES)

    def _pull_back(self) -> None:
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
        self.caller_gap_samples -= shift
        self._take(shift)

    def _drop_oldest(self, count: int) -> None:
        del self._pending[:count]
        self.caller_dropped_samples += count

    def _roll(self) -> None:
        now = len(self._bot)
        kept = min(self._flushed, self._cursor)
        both = _both(self._caller[self._flushed :], self._bot[self._flushed :])
        if self._sink.block(self._base + self._flushed, both):
            self._flushed = now
            kept = min(now, self._cursor)
        if self._gap:
            kept = min(kept, self._run - self._gap)
        shift = max(kept, now - HISTORY_SAMPLES)
        if shift > 0:
            del self._caller[:shift]
            del self._bot[:shift]
            self._move_base(shift)
        self._due = len(self._bot) + BLOCK_SAMPLES

    def _leap(self, count: int) -> None:
        self._roll()
        self.lost_samples += len(self._bot) - self._flushed
        count += len(self._bot)
        self._flushed = count
        self._caller, self._bot = [], []
        self._move_base(count)
        self._due = BLOCK_SAMPLES

    def _move_base(self, shift: int) -> None:
        self._base += shift
        self._cursor -= shift
        self._run -= shift
        self._flushed -= shift
        if self._flushed < 0:
            self.lost_samples -= self._flushed
            self._flushed = 0
        if self._run <= 0:
            self._gap = 0


def _samples(pcm: bytes) -> list[int]:
    return [int.from_bytes(pcm[at : at + 2], "little", signed=True) for at in range(0, len(pcm), 2)]


def _both(left: list[int], right: list[int]) -> bytes:
    pairs = zip(left, right, strict=True)
    return b"".join(sample.to_bytes(2, "little", signed=True) for pair in pairs for sample in pair)
