from libc.stdint cimport int16_t, uint8_t

include "consts.pxi"

cdef enum:
    STEP_SAMPLES = 8000  # the ring grows by 1 s

cdef class RecentSound:
    cdef uint8_t *ring  # mu-law codes
    cdef Py_ssize_t room, head
    cdef readonly Py_ssize_t samples
    cdef Py_ssize_t limit

    cdef int put(self, const int16_t *samples, Py_ssize_t count) except -1
    cdef int _grow(self, Py_ssize_t needed) except -1
