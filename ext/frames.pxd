from libc.stdint cimport uint8_t

include "consts.pxi"

cdef class FrameParser:
    cdef uint8_t *partial  # header and payload so far of the one frame that is not complete
    cdef Py_ssize_t capacity_bytes
    cdef Py_ssize_t held_bytes

    cdef int _hold(self, const uint8_t *data, Py_ssize_t size) except -1
    cdef Py_ssize_t _complete(self, const uint8_t *data, Py_ssize_t size, list frames) except -1
