from libc.stdint cimport int64_t

include "consts.pxi"

cdef enum:
    SLOTS = 5  # places in the 20 ms interval, 4 ms apart: calls do not fire all together, and few wake-ups serve many
    MEMBER_BYTES = 128  # of a member, those with its pointers
    MAX_CATCH_UP_FRAMES = 2  # at most 40 ms are ever sent ahead; what a longer stall missed is dropped

cdef class Member:
    cdef readonly Py_ssize_t slot  # -1 while it belongs to no wheel
    cdef public object on_drop  # told when the wheel threw this member out; None

    cdef int tick(self, double now_s, int64_t frame) except -1
    cdef void fetch(self) noexcept
    cdef void fetch_more(self) noexcept

cdef class Callback(Member):
    cdef object call

    cdef int tick(self, double now_s, int64_t frame) except -1

cdef class Wheel:
    cdef list slots  # SLOTS tuples of members; replaced, never changed, so that a pass may go on with an old one
    cdef readonly Py_ssize_t members
    cdef readonly int64_t passes
    cdef readonly int64_t skipped_frames
    cdef readonly double worst_lateness_s
    cdef double origin_s
    cdef double stalled_s  # how late the frames were that a stall swallowed, until it is told
    cdef int64_t next  # the next place to serve, counted from the origin
    cdef object on_drop, on_lateness

    cdef double _due_s(self, int64_t place) noexcept
    cdef int _serve(self, tuple members, double now_s, int64_t frame) except -1
