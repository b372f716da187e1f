from libc.stdint cimport uint8_t

include "consts.pxi"

cdef enum Coding:  # of the samples under kind 0x10
    LINEAR
    ULAW
    ALAW

cdef class SoundSink:
    cdef readonly double heard_s  # sound taken, each frame counting for at least FRAME_COST_S
    cdef int coding  # a `Coding`

    cdef void fetch(self) noexcept
    cdef void fetch_more(self) noexcept
    cdef int take(self, const uint8_t *sound, Py_ssize_t size, int rate_hz, double now_s) except -1

cdef class FrameParser:
    cdef uint8_t *partial  # header and payload so far of the one frame that is not complete
    cdef Py_ssize_t capacity_bytes
    cdef Py_ssize_t held_bytes
    cdef SoundSink sink  # where sound goes during `feed_into`
    cdef double now_s

    cdef int _take(self, const uint8_t *frame, Py_ssize_t size, list others) except -1
    cdef int _hold(self, const uint8_t *data, Py_ssize_t size) except -1
    cdef Py_ssize_t _complete(self, const uint8_t *data, Py_ssize_t size, list others) except -1
    cdef list _cut(self, bytes data)

cdef class Receiver:
    cdef object parser, now
    cdef double ahead_s
    cdef public SoundSink sink
    cdef public bint ended
    cdef public double ahead_until_s, counted_s

    cdef int _pace(self, double now_s) except -1

cdef int slin_kind(int rate_hz) noexcept nogil
