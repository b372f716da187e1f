from libc.stdint cimport int16_t

include "consts.pxi"

cdef class VoiceActivity:
    cdef readonly double floor_db  # of the line's own noise
    cdef readonly bint speaking
    cdef double loud_s, since_loud_s

    cdef bint hear(self, const int16_t *samples, Py_ssize_t count) noexcept nogil
