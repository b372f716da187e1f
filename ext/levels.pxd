from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:
    FLOOR_DBFS = -120

cdef int64_t sum_of_squares(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef double level_dbfs(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef int largest_magnitude(const int16_t *samples, Py_ssize_t count) noexcept nogil
cdef void scale(int16_t *target, const int16_t *source, Py_ssize_t count, double gain) noexcept nogil
