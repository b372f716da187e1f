from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:  # all in samples of one track
    BLOCK_SAMPLES = 960  # six frames go to the sink at a time
    HISTORY_SAMPLES = 24000  # how far back late sound still finds its place: four retransmissions of TCP, 3 s
    LATE_SAMPLES = 480  # jitter that is smoothed over; a caller track further behind than that has a gap
    AHEAD_SAMPLES = 1600  # caller sound waits at most 200 ms for the bot's clock
    HELD_SAMPLES = 25600  # HISTORY + AHEAD: more caller sound than that between two ticks is no burst but a flood
    AHEAD_TICKS = 5  # a clock that stalled tells so on one of its next ticks; until then nothing is thrown away
    ROOM_SAMPLES = 1440  # first allocation of a window, and its growth: BLOCK + LATE, a block and the jitter behind it

cdef class Tracks:
    cdef object sink
    # A window of both tracks; its start slides along. Behind `at` both are zero.
    cdef int16_t *caller_track
    cdef int16_t *bot_track
    cdef Py_ssize_t room
    cdef int64_t base  # the window's start in the file
    cdef Py_ssize_t at  # the bot's clock
    cdef Py_ssize_t cursor  # where the caller's next sample goes, never ahead of the clock
    cdef Py_ssize_t run  # the unbroken run of caller sound that ends at the cursor began here …
    cdef Py_ssize_t gap  # … after this much silence
    cdef Py_ssize_t flushed  # the sink has all before
    cdef Py_ssize_t due
    # Caller sound that the clock has not reached.
    cdef int16_t *pending
    cdef Py_ssize_t pending_count, pending_room
    cdef int ahead_ticks
    cdef readonly bint closed
    cdef readonly int64_t caller_gap_samples, caller_dropped_samples, lost_samples

    cdef int hear(self, const int16_t *samples, Py_ssize_t count) except -1
    cdef int sent(self, const void *pcm) except -1
    cdef int gap_of(self, int64_t frames) except -1
    cdef int _grow(self, Py_ssize_t needed) except -1
    cdef void _place(self) noexcept
    cdef void _take(self, Py_ssize_t room) noexcept
    cdef void _settle(self) noexcept
    cdef void _pull_back(self) noexcept
    cdef void _drop_oldest(self, Py_ssize_t count) noexcept
    cdef bytes _both(self, Py_ssize_t start, Py_ssize_t end)
    cdef int _roll(self) except -1
    cdef int _slide(self, Py_ssize_t shift) except -1
    cdef int _leap(self, int64_t count) except -1
    cdef void _move_base(self, int64_t shift) noexcept
