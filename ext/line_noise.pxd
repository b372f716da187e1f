from libc.stdint cimport int16_t

include "consts.pxi"

cdef extern from "bands.h":
    enum: BANDS
    ctypedef struct BandState:
        pass

cdef double learning_s  # nothing stands out before so much of the noise is known

cdef struct LineNoise:  # all zero: nothing is known
    BandState filters
    double[BANDS] mean  # power of each band while nobody speaks
    double stands_out_db  # how far the latest sound stands out of it, smoothed
    double usual_db, spread_db2  # the same while nobody speaks: its mean and its variance
    double known_s  # for how long it was listened to

cdef bint stands_out(
    LineNoise *noise, const int16_t *samples, Py_ssize_t count, bint speaking, bint is_ours
) noexcept nogil
