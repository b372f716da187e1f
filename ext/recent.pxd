from libc.stdint cimport int16_t, uint8_t

include "consts.pxi"

cdef enum:
    BLOCK_SAMPLES = 160  # one state of the codec for 20 ms of sound: it can be decoded from there on
    BLOCK_CODES_BYTES = 80  # two samples a byte, the earlier one in the upper half
    STEP_BLOCKS = 50  # the ring grows by 1 s
    LAST_STEP = 88  # of the codec's 89 step sizes

cdef struct Codec:  # before a sample
    int16_t predicted
    uint8_t step  # index of its size

cdef struct Block:
    Codec before
    uint8_t codes[BLOCK_CODES_BYTES]

cdef class RecentSound:
    cdef Block *ring
    cdef Py_ssize_t room, head  # blocks
    cdef Py_ssize_t skipped  # samples of the oldest block that are not kept any more
    cdef readonly Py_ssize_t samples
    cdef Py_ssize_t limit
    cdef Codec codec

    cdef int put(self, const int16_t *samples, Py_ssize_t count) except -1
    cdef int _grow(self, Py_ssize_t needed) except -1
    cdef void _forget(self, Py_ssize_t surplus) noexcept
