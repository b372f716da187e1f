from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:
    RATE_MIN_HZ = 4000
    RATE_MAX_HZ = 192000  # the highest AudioSocket knows
    SPAN_SAMPLES = 29  # half the filter's length, in samples of the lower rate: 3.63 ms at 8 kHz
    TERMS = 40  # cosines of the filter's shape
    BLOCK_SAMPLES = 512  # input taken at a time; every stream has room for one
    BANKS_KEPT = 8

cdef class FilterBank:
    cdef readonly int phases  # L: outputs for every `step` inputs
    cdef readonly int step  # M = whole * L + part
    cdef readonly int whole, part
    cdef readonly int half  # look-ahead in input samples
    cdef readonly int width  # coefficients a phase
    cdef void *memory  # of the coefficients, before alignment
    cdef int16_t *coefficients  # phases rows of 2 * width (resample.h), oldest sample first; row r has phase r * step

    cdef void _fill(self, double *row, int source_hz, int lower_hz) noexcept nogil

cdef class Resampler:
    cdef readonly int source_hz
    cdef readonly int target_hz
    cdef FilterBank bank
    cdef int16_t *window  # input not yet behind the filter
    cdef Py_ssize_t held  # samples in `window`; the next output takes the first ones
    cdef int row, phase  # of the next output
    cdef int64_t received_samples
    cdef int64_t emitted_samples

    cdef void _restart(self) noexcept nogil
    # Without bytes objects, for other kernels: how many samples `convert` would write for `count` more of the stream,
    # and the conversion, which writes that many.
    cdef Py_ssize_t made_by(self, Py_ssize_t count) noexcept nogil
    cdef void convert(self, int16_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil
    cdef void _run(
        self, int16_t *target, Py_ssize_t wanted, const int16_t *source, Py_ssize_t count
    ) noexcept nogil

cdef double shape(double distance, double half) noexcept nogil
cdef FilterBank bank_for(int source_hz, int target_hz)
