from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:
    FLOOR_DBFS = -120
    GAIN_MAX = 65536  # saturates every sample but 0
    FADE_MAX_SAMPLES = 134217728  # 4.6 h at 8 kHz: beyond, a step in Q30 is too coarse

cdef int64_t sum_of_squares(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef double level_dbfs(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef int largest_magnitude(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef double dbfs(int64_t squares, Py_ssize_t count) noexcept nogil
cdef void scale(int16_t *target, const int16_t *source, Py_ssize_t count, double gain) noexcept nogil
cdef void ramp(int16_t *target, const int16_t *source, int count, double start, double end) noexcept nogil
