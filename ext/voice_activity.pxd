from libc.stdint cimport int16_t

from ext.line_noise cimport LineNoise

include "consts.pxi"

cdef class VoiceActivity:
    cdef readonly double floor_db  # of the line's own noise
    cdef readonly bint speaking
    cdef readonly bint in_noise  # so loud that it hides speech
    cdef readonly double echo_loss_db  # what the line takes off our own sound, as far as is known
    cdef readonly bint echo_heard  # loud enough to be taken for speech
    cdef readonly double own_silence_s  # for how long nothing of ours was heard
    cdef LineNoise noise
    cdef double loud_s, since_loud_s, heard_s
    cdef double own_db, own_now_db, own_before_db, own_earlier_db, own_age_s  # the loudest that we have sent lately

    cpdef void said(self, double level_db, double length_s) noexcept nogil

    cdef bint hear(self, const int16_t *samples, Py_ssize_t count) noexcept nogil
    cdef void _start(self, double level_db, double length_s) noexcept nogil
    cdef bint _is_loud(self, const int16_t *samples, Py_ssize_t count, double level_db, bint is_ours) noexcept nogil
    cdef void _follow_floor(self, double level_db, double length_s) noexcept nogil
    cdef void _learn(self, double loss_db, double length_s, bint loud) noexcept nogil
