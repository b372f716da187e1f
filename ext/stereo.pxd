from libc.stdint cimport int16_t

include "consts.pxi"

# `count` samples of each track; the buffers may not overlap.
cdef void mix_samples(
    int16_t *target, const int16_t *first, const int16_t *second, Py_ssize_t count
) noexcept nogil
cdef void interleave_samples(
    int16_t *target, const int16_t *left, const int16_t *right, Py_ssize_t count
) noexcept nogil
cdef void deinterleave_samples(
    int16_t *left, int16_t *right, const int16_t *source, Py_ssize_t count
) noexcept nogil
