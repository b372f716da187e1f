# cython: language_level=3, wraparound=False, cdivision=True
"""A call's two tracks on the bot's 20 ms clock: puts sound where it belongs and hands blocks on. Pure. s16le 8 kHz.

How the tracks are kept together is told in `docs/recordings.md`. Blocks are interleaved, left the caller, right the
bot. The window holds only what may still change: 0.18 s in a call without trouble, up to 3 s behind a gap.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memcpy, memmove, memset

from ext.stereo cimport interleave_samples


cdef inline int resize(int16_t **samples, Py_ssize_t count) except -1:
    cdef void *moved = PyMem_Realloc(samples[0], <size_t> count * SAMPLE_BYTES)
    if moved == NULL:
        raise MemoryError(f"no memory for {count} samples")
    samples[0] = <int16_t *> moved
    return 0


@cython.final
cdef class Tracks:
    """One call, being recorded.

    Args:
        sink: told `block(offset_samples, both)`, which returns False if it can't take it now and may be told a place
            twice, and at the end `finish(offset_samples, both)`. Offsets count from the start of the call.
    """

    def __cinit__(self, sink):
        self.sink = sink
        self.due = BLOCK_SAMPLES

    def __dealloc__(self):
        PyMem_Free(self.caller_track)
        PyMem_Free(self.bot_track)
        PyMem_Free(self.pending)

    @property
    def position_samples(self) -> int:
        """The bot's clock: samples since the start."""
        return self.base + self.at

    @property
    def window_bytes(self) -> int:
        """Memory of both tracks."""
        return 2 * self.room * SAMPLE_BYTES

    def caller(self, bytes pcm not None) -> None:
        """Takes caller sound as it arrives, any length; half a sample at its end is dropped and counted."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
        if size % SAMPLE_BYTES:
            self.caller_dropped_samples += 1
        self.hear(<const int16_t *> PyBytes_AS_STRING(pcm), size // SAMPLE_BYTES)

    def bot(self, bytes pcm not None) -> None:
        """Takes the frame that left on this tick of the bot's clock.

        Raises:
            ValueError: not 320 bytes.
        """
        if PyBytes_GET_SIZE(pcm) != FRAME_BYTES:
            raise ValueError(f"a frame of the bot has {FRAME_BYTES} bytes, not {PyBytes_GET_SIZE(pcm)}")
        self.sent(PyBytes_AS_STRING(pcm))

    def bot_gap(self, int64_t frames) -> None:
        """Moves the clock over ticks that a stall swallowed: silence from the bot."""
        self.gap_of(frames)

    def close(self) -> None:
        """Ends the recording: what remains goes to the sink's `finish`."""
        cdef Py_ssize_t end
        if self.closed:
            return
        self.closed = True
        self._place()
        self._settle()
        end = self.at + self.pending_count  # sound still waits only where the cursor has met the clock
        self._grow(end)
        if self.pending_count:
            memcpy(self.caller_track + self.at, self.pending, <size_t> self.pending_count * SAMPLE_BYTES)
            memset(self.bot_track + self.at, 0, <size_t> self.pending_count * SAMPLE_BYTES)
            self.pending_count = 0
        self.sink.finish(self.base + self.flushed, self._both(self.flushed, end))

    # -- what the 20 ms path calls

    cdef int hear(self, const int16_t *samples, Py_ssize_t count) except -1:
        """Takes caller sound."""
        cdef Py_ssize_t needed = self.pending_count + count
        if self.closed or count == 0:
            return 0
        if needed > self.pending_room:
            resize(&self.pending, max(2 * self.pending_room, needed, LATE_SAMPLES))
            self.pending_room = max(2 * self.pending_room, needed, LATE_SAMPLES)
        memcpy(self.pending + self.pending_count, samples, <size_t> count * SAMPLE_BYTES)
        self.pending_count = needed
        if needed > HELD_SAMPLES:
            self._drop_oldest(needed - HELD_SAMPLES)
        return 0

    cdef int sent(self, const void *pcm) except -1:
        """Takes the frame that left: FRAME_BYTES at any address."""
        cdef Py_ssize_t start = self.at
        cdef Py_ssize_t now = start + FRAME_SAMPLES
        cdef Py_ssize_t end = self.cursor + self.pending_count
        if self.closed:
            return 0
        self._grow(now)
        memcpy(self.bot_track + start, pcm, FRAME_BYTES)
        memset(self.caller_track + start, 0, FRAME_BYTES)
        self.at = now
        if self.pending_count:
            if self.cursor >= 0 and 0 <= now - end <= LATE_SAMPLES:
                self._take(self.pending_count)
            else:
                self._place()
        if now >= self.due:
            self._roll()
        return 0

    cdef int gap_of(self, int64_t frames) except -1:
        """See `bot_gap`."""
        cdef int64_t count = frames * FRAME_SAMPLES
        cdef Py_ssize_t step
        if self.closed or count <= 0:
            return 0
        if count > HISTORY_SAMPLES:
            self._leap(count - HISTORY_SAMPLES)
            count = HISTORY_SAMPLES
        while count:
            step = min(<Py_ssize_t> count, BLOCK_SAMPLES)
            count -= step
            self._grow(self.at + step)
            memset(self.caller_track + self.at, 0, <size_t> step * SAMPLE_BYTES)
            memset(self.bot_track + self.at, 0, <size_t> step * SAMPLE_BYTES)
            self.at += step
            if count == 0 and self.pending_count:
                self._place()
            if self.at >= self.due:
                self._roll()
        return 0

    # -- where caller sound belongs

    cdef void _place(self) noexcept:
        """Puts waiting caller sound in its place, up to the clock; all that is not plain succession."""
        cdef Py_ssize_t start
        if self.pending_count == 0:
            return
        if self.cursor < 0 or self.at - self.cursor - self.pending_count > LATE_SAMPLES:
            # Nothing came for a while. What came last was spoken just now; before it lies a gap.
            if self.pending_count > self.at:
                self._drop_oldest(self.pending_count - self.at)
            start = self.at - self.pending_count
            self.run = start
            self.gap = start - self.cursor
            self.caller_gap_samples += self.gap
            self.cursor = start
        self._take(self.at - self.cursor)
        if self.pending_count <= (LATE_SAMPLES if self.gap else AHEAD_SAMPLES):
            self.ahead_ticks = 0
            return
        self.ahead_ticks += 1
        if self.ahead_ticks > AHEAD_TICKS:
            self._settle()

    cdef void _take(self, Py_ssize_t room) noexcept:
        """Moves up to `room` samples of waiting sound to the cursor."""
        cdef Py_ssize_t count = min(room, self.pending_count)
        if count == 0:
            return
        memcpy(self.caller_track + self.cursor, self.pending, <size_t> count * SAMPLE_BYTES)
        self.flushed = min(self.flushed, self.cursor)
        self.cursor += count
        self.pending_count -= count
        if self.pending_count:
            memmove(self.pending, self.pending + count, <size_t> self.pending_count * SAMPLE_BYTES)
        elif self.pending_room > AHEAD_SAMPLES:  # a burst is over
            PyMem_Free(self.pending)
            self.pending = NULL
            self.pending_room = 0

    cdef void _settle(self) noexcept:
        """More came than time has passed: what fits into the last gap goes there, the rest is too much."""
        self.ahead_ticks = 0
        if self.pending_count > LATE_SAMPLES and self.gap:
            self._pull_back()
        if self.pending_count > AHEAD_SAMPLES:
            self._drop_oldest(self.pending_count - AHEAD_SAMPLES)

    cdef void _pull_back(self) noexcept:
        """The gap was a delay: the run after it moves back into it, and makes room for what waits."""
        cdef Py_ssize_t shift = min(self.gap, self.run, self.pending_count)
        cdef Py_ssize_t start = self.run
        if shift <= 0:
            self.gap = 0
            return
        memmove(
            self.caller_track + start - shift,
            self.caller_track + start,
            <size_t> (self.cursor - start) * SAMPLE_BYTES,
        )
        self.flushed = min(self.flushed, start - shift)
        self.run -= shift
        self.gap -= shift
        self.cursor -= shift
        self.caller_gap_samples -= shift
        self._take(shift)

    cdef void _drop_oldest(self, Py_ssize_t count) noexcept:
        self.pending_count -= count
        memmove(self.pending, self.pending + count, <size_t> self.pending_count * SAMPLE_BYTES)
        self.caller_dropped_samples += count

    # -- the window

    cdef int _grow(self, Py_ssize_t needed) except -1:
        """Makes room for `needed` samples of each track."""
        if needed <= self.room:
            return 0
        needed = (needed + ROOM_SAMPLES - 1) // ROOM_SAMPLES * ROOM_SAMPLES
        resize(&self.caller_track, needed)
        resize(&self.bot_track, needed)
        self.room = needed
        return 0

    cdef bytes _both(self, Py_ssize_t start, Py_ssize_t end):
        """A piece of both tracks, interleaved."""
        cdef bytes both = PyBytes_FromStringAndSize(NULL, 2 * (end - start) * SAMPLE_BYTES)
        interleave_samples(
            <int16_t *> PyBytes_AS_STRING(both), self.caller_track + start, self.bot_track + start, end - start
        )
        return both

    cdef int _roll(self) except -1:
        """Hands on what the sink does not have yet and forgets what can't change any more."""
        cdef Py_ssize_t kept = min(self.flushed, self.cursor)
        if self.sink.block(self.base + self.flushed, self._both(self.flushed, self.at)):
            self.flushed = self.at
            kept = min(self.at, self.cursor)
        if self.gap:
            kept = min(kept, self.run - self.gap)
        self._slide(max(kept, self.at - HISTORY_SAMPLES))
        self.due = self.at + BLOCK_SAMPLES
        return 0

    cdef int _slide(self, Py_ssize_t shift) except -1:
        """Forgets the first `shift` samples of the window."""
        cdef Py_ssize_t kept = self.at - shift
        if shift <= 0:
            return 0
        memmove(self.caller_track, self.caller_track + shift, <size_t> kept * SAMPLE_BYTES)
        memmove(self.bot_track, self.bot_track + shift, <size_t> kept * SAMPLE_BYTES)
        self.at = kept
        self._move_base(shift)
        if self.room > ROOM_SAMPLES and kept + BLOCK_SAMPLES <= ROOM_SAMPLES:
            resize(&self.caller_track, ROOM_SAMPLES)
            resize(&self.bot_track, ROOM_SAMPLES)
            self.room = ROOM_SAMPLES
        return 0

    cdef int _leap(self, int64_t count) except -1:
        """A stall longer than the window: the silence in it is a hole in the file, nothing is written."""
        self._roll()
        self.lost_samples += self.at - self.flushed
        count += self.at
        self.flushed = <Py_ssize_t> count
        self.at = 0
        self._move_base(count)
        self.due = BLOCK_SAMPLES
        return 0

    cdef void _move_base(self, int64_t shift) noexcept:
        self.base += shift
        self.cursor -= <Py_ssize_t> shift
        self.run -= <Py_ssize_t> shift
        self.flushed -= <Py_ssize_t> shift
        if self.flushed < 0:
            self.lost_samples += -self.flushed
            self.flushed = 0
        if self.run <= 0:
            self.gap = 0  # the run reaches back to the window's start: it can't be moved any more
